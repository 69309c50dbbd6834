"""A folder of images and a table of their tags: the user's own."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from rules.plan.configuration import SPLITS
from rules.plan.layouts.base import Files, Layout, missing, missing_folder
from rules.plan.schema import fields
from rules.plan.schema.entries import Entry
from rules.plan.schema.sections import unset
from urn.datasets.folder import folder_records
from urn.datasets.ids import Row, folder_rows, ids_of


@lru_cache(maxsize=1)
def table(train: str, val: str | None) -> list[Row]:
    """The rows of a dataset, which takes seconds to read for many images."""
    return folder_rows(train, val)


class FolderEntry(Entry):
    """As the configuration describes it."""

    layout: Literal["folder"] = Field(description="images and a CSV")
    images: fields.Path = Field(description="where the images are")
    train: fields.Path = Field(description="the CSV `image,tags[,split]`")
    val: fields.Path = unset(
        "the same for the images that are predicted and scored, which `split` may name too"
    )
    masks: fields.Path = unset("`<image name>.png` of the images that can be scored")
    classes: fields.Classes = Field(
        description="names of the foreground classes, in the order of their ids"
    )
    evaluate: fields.Splits = unset(
        "the splits with masks to score against: `[train, val]`, or fewer"
    )


class Folder(Layout):
    """`train` and `val` are tables; or one table has the column `split`."""

    entry_model = FolderEntry
    reader = "urn.datasets.folder"
    inputs = ("images", "masks", "train", "val")

    @property
    def evaluated(self) -> list[str]:
        """Val, where the entry has masks."""
        return list(self.entry.get("evaluate", ["val"] if "masks" in self.entry else []))

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The tables."""
        return [self.entry[split] for split in splits if split in self.entry]

    @property
    def _rows(self) -> list[Row]:
        return table(self.entry["train"], self.entry.get("val"))

    def ids(self, split: str) -> list[str]:
        """Of the rows with that split."""
        return ids_of(self._rows, split)

    def files(self, splits: Iterable[str] = SPLITS) -> dict[str, dict[str, Files]]:
        """Tags are in the tables."""
        entry = self.entry
        found: dict[str, dict[str, Files]] = {split: {} for split in splits}
        for record in folder_records(
            entry["images"], entry["train"], entry.get("val"), entry.get("masks")
        ):
            image = record.entry
            mask = None if image.mask is None else str(image.mask)
            found[image.split].setdefault(image.id, Files(str(image.image), image.tags, mask))
        return found

    def faults(self, key: str) -> Iterator[str]:
        """Of the folders and tables."""
        yield from missing_folder(f"{key}.images", self.entry["images"])
        if "masks" in self.entry:
            yield from missing_folder(f"{key}.masks", self.entry["masks"])
        for split in SPLITS:
            if split in self.entry and not Path(self.entry[split]).is_file():
                yield missing(f"{key}.{split}", self.entry[split], "table")

    def has_mask(self, split: str) -> Iterator[bool]:
        """Named in the table, or in the folder of masks."""
        folder = Path(self.entry["masks"]) if "masks" in self.entry else None
        for row in self._rows:
            if row.split == split:
                named = bool(row.mask)
                yield named or (folder is not None and (folder / f"{row.id}.png").exists())
