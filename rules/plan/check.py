"""What is said of a dataset's images and tags, and where the report shows it."""

from typing import Any

from rules.plan.configuration import SPLITS
from rules.plan.dataset import Dataset


def _place(label: str, caption: str) -> dict[str, Any]:
    """For Snakemake's `report`."""
    return {
        "caption": f"../report/{caption}.rst",
        "category": "Data",
        "labels": {"page": label},
    }


CHECKED = _place("1 images and tags", "check")
DOUBTED = _place("2 tags that the classifier contradicts", "doubted_tags")
NEXT = _place("3 what to correct next, {backbone}", "next_images")


def facts(dataset: Dataset) -> list[str]:
    """Those of all images of train and val, by shard."""
    return [
        dataset.paths.image_facts(split, number)
        for split in SPLITS
        for number in dataset.shards(split)
    ]


def scores(dataset: Dataset) -> list[str]:
    """The classifier's of the same."""
    return [
        dataset.paths.tag_scores(split, number)
        for split in SPLITS
        for number in dataset.shards(split)
    ]


def has_classifier(dataset: Dataset) -> bool:
    """Whether a plain run trains one."""
    return not dataset.has_own_masks()


def files(dataset: Dataset) -> list[str]:
    """The pages of a plain run."""
    paths = dataset.paths
    pages = [paths.check, paths.next_images_page(dataset.teacher)]
    return pages + [paths.doubted_tags] * has_classifier(dataset)
