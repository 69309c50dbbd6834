"""`shapes`: the dataset that the project draws itself, in the folders of VOC's layout."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from rules.plan.layouts.base import Files, Rooted, absolute
from rules.plan.schema import values
from urn.datasets.ids import SPLITS, shapes_ids
from urn.datasets.layouts import voc_mask


class Shapes(Rooted):
    """Drawn by the project."""

    drawn_sides: ClassVar[tuple[int, int]] = (192, 172)

    layout: Literal["shapes"] = Field(description="drawn by the project")
    root: values.Path = Field(description="where it is written")
    train: values.Count = Field(description="number of images")
    val: values.Count = Field(description="the same of those that are predicted and scored")

    def ids(self, split: str) -> list[str]:
        """The ids that the drawing rule gives its images."""
        return shapes_ids(split, getattr(self, split))

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The lists that the drawing rule writes."""
        folder = Path(self.root) / "ImageSets" / "Segmentation"
        return [str(folder / f"{split}.txt") for split in splits]

    def available(self, split: str) -> bool:
        """Whether there is such a split: its ids are known before it is drawn."""
        return split in self.splits

    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """None: they are outputs of a rule."""
        return {split: {} for split in splits}

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image's mask is drawn yet, for each."""
        return (voc_mask(self.root, image_id).exists() for image_id in self.ids(split))

    @property
    def made_by_rules(self) -> bool:
        """All of it is."""
        return True

    def made_files(self) -> set[str]:
        """The folder."""
        return absolute([self.root])

    def faults(self, key: str) -> Iterator[str]:
        """Nothing need be there."""
        yield from ()
