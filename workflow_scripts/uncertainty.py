"""Response scaling of a shard: cyclic masks and weight masks."""

from urn.datasets.index import read_index
from urn.files.images import write_grey, write_mask
from urn.uncertainty import known_background, response_scaling

from _job import logged
from _shards import each_archived

with logged(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    index = read_index(snakemake.input.index)
    shard = each_archived(
        index, snakemake.input.responses, params.ids, params.working_size, "response scaling"
    )
    for mask, weight, found in zip(output.masks, output.weights, shard, strict=True):
        if found.entry.tags:
            result = response_scaling(
                found.image, found.maps, params.scales, found.labels, params.crf_backend
            )
        else:
            result = known_background(found.image.shape[:2])
        write_mask(mask, result.mask, found.size)
        write_grey(weight, result.weight, found.size)
