"""The generated dataset: nothing of it is the user's."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from rules.plan.configuration import SPLITS
from rules.plan.layouts.base import Files, Layout
from rules.plan.schema import fields
from rules.plan.schema.entries import Entry
from urn.datasets.ids import shapes_ids


class ShapesEntry(Entry):
    """As the configuration describes it."""

    layout: Literal["shapes"] = Field(description="drawn by the project")
    root: fields.Path = Field(description="where it is written")
    train: fields.Count = Field(description="number of images")
    val: fields.Count = Field(description="number of images that are predicted and scored")


class Shapes(Layout):
    """Drawn by a rule, in VOC's folders; `train` and `val` are numbers of images."""

    entry_model = ShapesEntry
    reader = "urn.datasets.shapes"
    made_by_rules = True

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """Written by the rule that draws."""
        root = Path(self.root) / "ImageSets" / "Segmentation"
        return [str(root / f"{split}.txt") for split in splits]

    def ids(self, split: str) -> list[str]:
        """Known before anything is drawn."""
        return shapes_ids(split, self.entry[split])

    def files(self, splits: Iterable[str] = SPLITS) -> dict[str, dict[str, Files]]:
        """None: they are outputs of a rule."""
        return {split: {} for split in splits}

    def available(self, split: str) -> bool:
        """Always."""
        return split in SPLITS

    def made_files(self) -> set[str]:
        """All of the root."""
        return {self.root}

    def faults(self, key: str) -> Iterator[str]:
        """None."""
        return iter(())
