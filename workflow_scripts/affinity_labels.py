"""What the CRF is sure of in a shard's CAMs."""

from urn.datasets.index import read_index
from urn.files.images import write_mask
from urn.refinement import agreed_mask

from _job import logged
from _shards import each_archived

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    shard = each_archived(
        index, snakemake.input.cams, params.ids, params.working_size, "affinity labels"
    )
    for path, found in zip(snakemake.output, shard, strict=True):
        mask = agreed_mask(found.image, found.cams, params.alphas, params.crf_backend)
        write_mask(path, mask, found.size)
