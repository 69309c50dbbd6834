"""Refine a shard's CAMs to pseudo-masks."""

from collections.abc import Sequence

from urn.datasets.index import read_index
from urn.files.images import write_mask
from urn.registry import REFINERS

from _job import logged
from _shards import each_archived
from _tables import read_table


def chosen_alphas(paths: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """By image the refiner's argument `alpha`, one number for each class, where it was chosen."""
    found: dict[str, dict[str, list[float]]] = {}
    for path in paths:
        table = read_table(path, ["image", "class_id", "alpha"])
        for image, alphas in table.groupby("image", sort=False)["alpha"]:
            found[image] = {"alpha": alphas.tolist()}
    return found


with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    refiner = REFINERS[snakemake.wildcards.refiner]
    refine = refiner.load(snakemake.input.get("model") or None)
    chosen = chosen_alphas(snakemake.input.alphas)
    shard = each_archived(
        index, snakemake.input.cams, params.ids, params.working_size, "pseudo-masks"
    )
    for path, found in zip(snakemake.output, shard, strict=True):
        options = params.options | chosen.get(found.entry.id, {})
        write_mask(path, refine(found.image, found.cams, **options), found.size)
