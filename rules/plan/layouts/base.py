"""What every layout of a dataset has: its entry in the configuration, and what is asked of it."""

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from rules.plan.schema import values
from rules.plan.schema.sections import (
    SECTIONS,
    Affinity,
    Classification,
    MultiCrop,
    PseudoMasks,
    Responses,
    Segmentation,
    Uncertainty,
)
from rules.plan.schema.values import Backbone, Model, Runs, ShardSize, Splits, WorkingSize, key
from urn.datasets.ids import SPLITS
from urn.datasets.index import Record

# Keys that do not say what the data are, but what is done with them.
USES = {
    *SECTIONS,
    *("teacher", "runs", "baseline_row", "shard_size", "working_size", "evaluate", "download"),
    *("expected", "corrections", "review"),
}


@dataclass(frozen=True)
class Made:
    """A file that a rule makes, and one that the rule writes after it."""

    path: str
    then: str


class Files(NamedTuple):
    """What tells of an image: files, and tags as they are written in a list or table."""

    images: str | Made
    tags: str | Made | tuple[str, ...]
    masks: str | Made | None


class Layout(Model):
    """A dataset's entry in the configuration, and where its files are.

    Made by `layouts.of`, it takes a checked entry as it is: keys that were left out have their
    defaults here, and sections stay dictionaries.
    """

    # Longer and shorter side of the median image, where a rule draws them.
    drawn_sides: ClassVar[tuple[int, int] | None] = None

    layout: str
    teacher: Backbone = Field(
        description="the backbone whose cyclic masks and weights the others learn from"
    )
    runs: Runs = Field(
        description="the supervisions that plain `snakemake` trains, by backbone: "
        "`efficientnet_lite0`, `resnet18`, `resnet38`, `resnet101`, `scalenet101`, `res2net101`, "
        "`timm:<name>`"
    )
    baseline_row: str = Field(
        "baseline",
        description="the supervision that tables and figures compare `urn` with: the paper's "
        "baseline is `cyclic_self` on VOC",
    )
    shard_size: ShardSize = key("in place of `shard_size`")
    working_size: WorkingSize = key("in place of `working_size`")
    evaluate: Splits = key(
        "the splits with masks to score against: `[train, val]`, or fewer; if left out, both, or "
        "for `folder` `[val]` with `masks`"
    )
    corrections: values.Path = key(
        "masks that people drew, from which segmentation learns, with full weight, in place of "
        "those made: a folder of `<image id>.png`, in which 255 keeps what was made, or what a "
        "drawing tool exports (docs/correct.md)"
    )
    review: values.Path = key(
        "the `review.csv` that the gallery downloads: segmentation learns from no image that it "
        "rejects"
    )
    classification: Classification = key("what differs from the section for this dataset")
    multi_crop: MultiCrop = key("the same")
    pseudo_masks: PseudoMasks = key("the same")
    affinity: Affinity = key("the same")
    segmentation: Segmentation = key("the same")
    responses: Responses = key("the same")
    uncertainty: Uncertainty = key("the same")

    def has(self, name: str) -> bool:
        """Whether the entry gives a key."""
        return name in self.model_fields_set

    def source(self) -> dict[str, Any]:
        """The part of the entry that says what the data are, without how they are used."""
        own = [name for name in type(self).model_fields if name not in USES]
        return {name: getattr(self, name) for name in own if self.has(name)}

    @property
    def reader(self) -> str:
        """The module that reads the dataset; see `urn.datasets.readers`."""
        return f"urn.datasets.{self.layout}"

    @property
    def splits(self) -> list[str]:
        """Train, val and, where the dataset has one, test."""
        return list(SPLITS)

    @property
    def evaluated(self) -> list[str]:
        """The splits to score: those of `evaluate`, or all that have masks."""
        return list(self.evaluate) if self.has("evaluate") else self.with_masks

    @property
    def with_masks(self) -> list[str]:
        """The splits of which masks are expected."""
        return list(SPLITS)

    @abstractmethod
    def ids(self, split: str) -> list[str]:
        """The image ids of a split, read from one list or table.

        Raises:
            UserError: the list cannot be read.
        """

    @abstractmethod
    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The files from which `ids` reads."""

    def available(self, split: str) -> bool:
        """Whether the lists are there that name a split's images; train and val go together."""
        together = ["test"] if split == "test" else SPLITS
        return split in self.splits and all(Path(path).exists() for path in self.lists(together))

    @abstractmethod
    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """The files of every image, by split and id; none where they are outputs of a rule.

        Raises:
            UserError: a list or table cannot be read.
        """

    @abstractmethod
    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image of a split has a mask, for each.

        Raises:
            UserError: the list cannot be read.
        """

    @property
    def made_by_rules(self) -> bool:
        """Whether masks that are missing are made."""
        return False

    @property
    @abstractmethod
    def inputs(self) -> dict[str, str]:
        """The files and folders that the entry names, by key."""

    def made_files(self) -> set[str]:
        """Absolute paths of what rules make of the dataset; a folder stands for all in it."""
        return set()

    @abstractmethod
    def faults(self, key: str) -> Iterator[str]:
        """What must be there before a run and is not, in sentences.

        Args:
            key: of the entry in the configuration, such as "datasets.voc".
        """


class Rooted(Layout):
    """A dataset below one folder."""

    root: str

    @property
    def inputs(self) -> dict[str, str]:
        """The folder."""
        return {"root": self.root}


def listed_files(records: Iterable[Record], splits: Iterable[str]) -> dict[str, dict[str, Files]]:
    """The files of records by split and id; the first counts."""
    found: dict[str, dict[str, Files]] = {split: {} for split in splits}
    for entry in (record.entry for record in records):
        if entry.split in found:
            mask = None if entry.mask is None else str(entry.mask)
            found[entry.split].setdefault(entry.id, Files(str(entry.image), entry.tags, mask))
    return found


def absolute(paths: Iterable[str]) -> set[str]:
    """The same paths, whichever way they were written."""
    return {os.path.abspath(path) for path in paths}
