"""Response scaling of a shard: cyclic masks and weight masks."""

from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import image_size, read_image, write_grey, write_mask
from urn.progress import progress
from urn.uncertainty import response_scaling

from _job import logged

with logged(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    index = read_index(snakemake.input.index)
    entries = read_archive(snakemake.input.responses, params.ids)
    for mask, weight, (image_id, labels, response) in zip(
        output.masks,
        output.weights,
        progress(entries, "response scaling", len(params.ids)),
        strict=True,
    ):
        image = read_image(index[image_id].image, params.working_size)
        result = response_scaling(image, response, params.scales, labels, params.crf_backend)
        size = image_size(index[image_id].image)
        write_mask(mask, result.mask, size)
        write_grey(weight, result.weight, size)
