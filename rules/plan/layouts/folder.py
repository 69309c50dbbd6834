"""`folder`: images of one's own, with a table of their tags."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from rules.plan.layouts.base import Files, Layout, listed_files
from rules.plan.layouts.places import missing, missing_folder
from rules.plan.schema import values
from rules.plan.schema.values import key as optional
from urn.datasets.folder import folder_records
from urn.datasets.ids import SPLITS, Row, folder_rows, ids_of


@lru_cache(maxsize=1)
def table(train: str, val: str | None) -> list[Row]:
    """The rows of a dataset's tables, which take seconds to read for many images.

    Raises:
        UserError: a table cannot be read.
    """
    return folder_rows(train, val)


class Folder(Layout):
    """Images of your own, and a table of their tags."""

    layout: Literal["folder"] = Field(description="images of your own, and a table of their tags")
    images: values.Path = Field(description="where the images are")
    train: values.Path = Field(description="the CSV `image,tags[,split][,mask]`")
    val: values.Path = optional("the same of images that are predicted and scored")
    masks: values.Path = optional("holds `<image name>.png` of the images that can be scored")
    classes: values.Classes = Field(
        description="names of the foreground classes, in the order of their ids"
    )

    @property
    def with_masks(self) -> list[str]:
        """Val, where masks are given."""
        return ["val"] if self.has("masks") else []

    def ids(self, split: str) -> list[str]:
        """The ids of a split in the tables, each once."""
        return ids_of(self._rows(), split)

    def _rows(self) -> list[Row]:
        return table(self.train, self.val)

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The tables."""
        return [getattr(self, split) for split in splits if self.has(split)]

    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """Images and masks; tags as the tables have them."""
        return listed_files(folder_records(self.images, self.train, self.val, self.masks), splits)

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image has a mask, or the table names one, for each."""
        for row in self._rows():
            if row.split == split:
                beside = self.has("masks") and (Path(self.masks) / f"{row.id}.png").exists()
                yield bool(row.mask) or beside

    @property
    def inputs(self) -> dict[str, str]:
        """Folders and tables."""
        return {k: getattr(self, k) for k in ("images", "masks", "train", "val") if self.has(k)}

    def faults(self, key: str) -> Iterator[str]:
        """The folders and tables."""
        yield from missing_folder(f"{key}.images", self.images)
        if self.has("masks"):
            yield from missing_folder(f"{key}.masks", self.masks)
        for split in SPLITS:
            if self.has(split) and not Path(getattr(self, split)).is_file():
                yield missing(f"{key}.{split}", getattr(self, split), "table")
