"""From official archives to a dataset's images, masks and lists."""

from dataclasses import dataclass
from typing import Any

from rules.plan.configuration import SPLITS
from rules.plan.dataset import Dataset
from rules.plan.jobs import OfJob
from rules.plan.layouts.voc import LISTS
from rules.plan.paths import Paths
from rules.plan.plan import Plan


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
    """

    rule: str
    dataset: str
    root: str
    below: str
    archives: list[str]
    checksums: list[dict[str, str]]
    files: list[str]

    @property
    def log(self) -> str:
        """Of its rule."""
        return Paths(self.dataset).log(self.rule)

    @property
    def benchmark(self) -> str:
        """Of its rule."""
        return Paths(self.dataset).benchmark(self.rule)


def unpackings(plan: Plan) -> list[Unpacking]:
    """What is unpacked, for all datasets that are downloaded."""
    return [
        Unpacking(
            unpacked.rule.format(dataset.name),
            dataset.name,
            dataset.root,
            unpacked.below,
            [plan.published_file("archives", archive) for archive in unpacked.archives],
            [plan.checksum("archives", archive) for archive in unpacked.archives],
            [f"{dataset.root}/{file}" for file in unpacked.files],
        )
        for dataset in plan.datasets
        if dataset.entry.get("download", False)
        for unpacked in dataset.layout.unpacked
    ]


def downloaded(plan: Plan, layout: str) -> list[Dataset]:
    """The datasets of a layout whose official archives are fetched."""
    return [d for d in plan.with_layout(layout) if d.entry.get("download", False)]


def voc_sources(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """VOC's own lists, and SBD's archive."""
    lists = {split: f"{dataset.root}/{LISTS}/{split}.txt" for split in SPLITS}
    return lists | {"sbd": plan.published_file("archives", "sbd")}


def trainaug(dataset: Dataset) -> str:
    """The list of VOC's and SBD's training images together."""
    return f"{dataset.root}/{LISTS}/trainaug.txt"


def coco_annotations(dataset: Dataset) -> list[str]:
    """COCO's files of objects, of train and val."""
    root, entry = dataset.root, dataset.entry
    return [f"{root}/annotations/instances_{entry[split]}.json" for split in SPLITS]


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
