"""Refine a shard's CAMs to pseudo-masks."""

from urn.datasets.index import read_index
from urn.files.images import write_mask
from urn.registry import REFINERS

from _job import logged
from _shards import each_archived

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    refiner = REFINERS[snakemake.wildcards.refiner]
    refine = refiner.load(snakemake.input.get("model") or None)
    shard = each_archived(
        index, snakemake.input.cams, params.ids, params.working_size, "pseudo-masks"
    )
    for path, found in zip(snakemake.output, shard, strict=True):
        write_mask(path, refine(found.image, found.cams, **params.options), found.size)
