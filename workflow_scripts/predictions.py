"""Predicted masks of a shard: dense CRF on the responses."""

from urn.datasets.index import read_index
from urn.files.images import write_mask
from urn.refinement import crf_mask

from _job import logged
from _shards import each_archived

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    shard = each_archived(
        index, snakemake.input.responses, params.ids, params.working_size, "predictions"
    )
    for path, found in zip(snakemake.output, shard, strict=True):
        mask = crf_mask(found.image, found.maps, found.labels, backend=params.crf_backend)
        write_mask(path, mask, found.size)
