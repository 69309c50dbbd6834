"""What the gallery shows: the images of train and val with their masks."""

from collections.abc import Iterator

from rules.plan.configuration import SPLITS
from rules.plan.dataset import Dataset
from rules.plan.figure_kinds import Columns
from rules.plan.plan import Plan
from rules.plan.shards import Shard
from rules.plan.wildcards import OfJob


def shards(plan: Plan) -> Iterator[Shard]:
    """Those of train and val."""
    for split in SPLITS:
        yield from plan.shards(f"gallery_{split}", split)


def layers(dataset: Dataset, split: str) -> Columns:
    """The masks that are shown of a split: name, kind and folder; the first is judged.

    Of val they are those of the first backbone, urn's first.
    """
    paths, teacher = dataset.paths, dataset.teacher
    if split == "train":
        return [
            ("cyclic mask", "mask", paths.cyclic_masks(teacher)),
            ("pseudo-mask", "mask", paths.pseudo_masks(dataset.refiner)),
            ("uncertainty", "uncertainty", paths.weights(teacher)),
        ]
    backbone, rows = next(iter(dataset.runs.items()))
    shown = sorted({rows[0], rows[-1], *({"urn"} & set(rows))}, key=lambda row: row != "urn")
    return [(f"{backbone} {row}", "mask", paths.predictions(backbone, row)) for row in shown[:2]]


def layers_of(plan: Plan, shard: Shard) -> OfJob:
    """Those of a shard."""
    return lambda wildcards: layers(plan.dataset(shard.dataset), shard.split)


def masks_of(plan: Plan, shard: Shard) -> OfJob:
    """Their files."""

    def found(wildcards: object) -> list[str]:
        shown = layers(plan.dataset(shard.dataset), shard.split)
        return [file for *_, folder in shown for file in shard.pngs(folder)]

    return found


def folders(dataset: Dataset) -> list[str]:
    """The previews of all shards."""
    return [
        dataset.paths.gallery_shard(split, number)
        for split in SPLITS
        for number in dataset.shards(split)
    ]


def names(dataset: Dataset) -> dict[str, list[str]]:
    """What the masks are called, by split."""
    return {
        split: [name for name, *_ in layers(dataset, split)]
        for split in SPLITS
        if dataset.shards(split)
    }
