"""The confident pixels of a shard's CAMs."""

from urn.datasets.index import read_index
from urn.files.images import write_mask
from urn.refinement import confident_mask

from _job import logged
from _shards import each_archived

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    shard = each_archived(
        index, snakemake.input.cams, params.ids, params.working_size, "rough masks"
    )
    for path, found in zip(snakemake.output, shard, strict=True):
        write_mask(path, confident_mask(found.image, found.cams, **params.options), found.size)
