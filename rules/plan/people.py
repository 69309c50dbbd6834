"""What people say of a dataset's images: which masks they correct, and which they reject."""

from collections.abc import Iterator
from pathlib import Path

from rules.plan import data_files
from rules.plan.layouts.base import Layout
from rules.plan.layouts.places import missing
from urn.corrections import sources
from urn.datasets import review
from urn.datasets.ids import SPLITS
from urn.errors import UserError

KEYS = ("corrections", "review")


def inputs(layout: Layout) -> dict[str, str]:
    """The files and folders that an entry names, by key."""
    return {key: getattr(layout, key) for key in KEYS if layout.has(key)}


def state_of_corrections(layout: Layout) -> str:
    """Changes with the files of the corrections, as `data_files.fingerprint` does."""
    return data_files.fingerprint_of(sources.source_files(layout.corrections))


def rejected(layout: Layout) -> list[str]:
    """The train images from which segmentation is not to learn, in the dataset's order.

    Raises:
        UserError: the review cannot be used, or leaves no train image.
    """
    if not layout.has("review"):
        return []
    ids = {split: layout.ids(split) for split in SPLITS}
    found = review.rejected(layout.review, {i for split in ids.values() for i in split})
    if found.issuperset(ids["train"]):
        raise UserError(f"{layout.review} rejects every train image: accept some")
    return [image_id for image_id in ids["train"] if image_id in found]


def faults(key: str, layout: Layout) -> Iterator[str]:
    """What is wrong with both, in sentences; masks are looked at by the job that reads them.

    Args:
        key: of the entry in the configuration, such as "datasets.voc".
        layout: the dataset's.
    """
    if layout.has("corrections") and (problem := sources.problem(layout.corrections)):
        yield f"{key}.corrections {problem}"
    if layout.has("review") and not Path(layout.review).is_file():
        yield missing(f"{key}.review", layout.review, "table")
    elif layout.available("train"):
        try:
            rejected(layout)
        except UserError as error:
            yield str(error)
