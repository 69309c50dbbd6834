"""From official archives to a dataset's images, masks and lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rules.plan.configuration import SPLITS
from rules.plan.dataset import Dataset
from rules.plan.layouts.coco import Coco
from rules.plan.layouts.fetched import Fetched
from rules.plan.layouts.voc import TRAIN_AND_VAL, TRAINAUG, Voc
from rules.plan.paths import Paths
from rules.plan.plan import Plan
from rules.plan.wildcards import OfJob


@dataclass(frozen=True)
class Unpacking:
    """What one rule unpacks.

    Attributes:
        rule: its name.
        dataset: the name of the dataset.
        root: its folder.
        below: the folder inside the archives that becomes `root`.
        archives: files.
        checksums: what each must have.
        files: what must be there afterwards.
        lists: those that name images, below the root, and what is expected of each.
    """

    rule: str
    dataset: str
    root: str
    below: str
    archives: list[str]
    checksums: list[dict[str, str]]
    files: list[str]
    lists: dict[str, dict[str, Any]]

    @property
    def log(self) -> str:
        """Of its rule."""
        return Paths(self.dataset).log(self.rule)

    @property
    def benchmark(self) -> str:
        """Of its rule."""
        return Paths(self.dataset).benchmark(self.rule)


def unpackings(plan: Plan) -> Iterator[Unpacking]:
    """What is to be unpacked, for all datasets that are downloaded.

    What is unpacked already is used as it is, whatever becomes of the archives.
    """
    for dataset in plan.datasets:
        if not isinstance(dataset.layout, Fetched) or not dataset.layout.from_archives:
            continue
        for part in dataset.layout.unpacked:
            name = part.rule.format(dataset.name)
            files = [f"{dataset.root}/{file}" for file in part.files]
            if plan.is_unfinished(name, files):
                yield Unpacking(
                    name,
                    dataset.name,
                    dataset.root,
                    part.below,
                    [plan.published_file("archives", archive) for archive in part.archives],
                    [plan.checksum("archives", archive) for archive in part.archives],
                    files,
                    {file: dataset.layout.expectation(file) for file in part.lists},
                )


def without_trainaug(plan: Plan) -> Iterator[tuple[Dataset, Voc]]:
    """The datasets whose list trainaug is to be derived from official archives."""
    for dataset in plan.datasets:
        layout = dataset.layout
        if not isinstance(layout, Voc) or not layout.from_archives:
            continue
        if plan.is_unfinished(f"trainaug_{dataset.name}", [trainaug(dataset)]):
            yield dataset, layout


def voc_sources(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """VOC's own lists, and SBD's archive."""
    lists = {
        split: f"{dataset.root}/{file}" for split, file in zip(SPLITS, TRAIN_AND_VAL, strict=True)
    }
    return lists | {"sbd": plan.published_file("archives", "sbd")}


def trainaug(dataset: Dataset) -> str:
    """The list of VOC's and SBD's training images together."""
    return f"{dataset.root}/{TRAINAUG}"


def annotated(plan: Plan) -> Iterator[tuple[Dataset, Coco]]:
    """The datasets whose masks and lists are made of COCO's annotations."""
    for dataset in plan.datasets:
        if isinstance(dataset.layout, Coco) and dataset.layout.made_by_rules:
            yield dataset, dataset.layout


def coco_expectations(layout: Coco) -> list[dict[str, Any] | None]:
    """What is expected of the lists of train and val; nothing of annotations of one's own."""
    return [
        layout.expectation(getattr(layout, split)) if layout.is_expected(split) else None
        for split in SPLITS
    ]


def prepared(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Names for the preparation of a dataset, and of its test images, with the lists it makes."""
    for dataset in plan.datasets:
        layout = dataset.layout
        if isinstance(layout, Coco) or (isinstance(layout, Voc) and layout.download):
            yield f"prepare_{dataset.name}", layout.lists()
            if "test" in layout.splits:
                yield f"prepare_{dataset.name}_test", layout.lists(["test"])


def drawn(dataset: Dataset) -> dict[str, Any]:
    """What the generated dataset's rule makes."""
    folders = {"JPEGImages": "jpg", "SegmentationClass": "png"}
    return {
        "images": [
            f"{dataset.root}/{folder}/{image_id}.{suffix}"
            for folder, suffix in folders.items()
            for split in SPLITS
            for image_id in dataset.ids(split)
        ],
        "lists": dataset.layout.lists(),
    }


def folder(path: str) -> OfJob:
    """For params: a folder. As a function, since `snakemake --lint` warns of paths there."""
    return lambda wildcards: path
