"""PASCAL VOC's folders: JPEGImages, SegmentationClass, Annotations, and lists of ids."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from rules.plan.configuration import SPLITS
from rules.plan.layouts.base import Files, Layout, missing, missing_folder
from rules.plan.schema import fields
from rules.plan.schema.entries import Entry
from rules.plan.schema.sections import unset
from urn.datasets.ids import voc_ids
from urn.datasets.layouts import voc_annotation, voc_image, voc_mask


class VOCEntry(Entry):
    """As the configuration describes it."""

    layout: Literal["voc"] = Field(description="PASCAL VOC's folders")
    root: fields.Path = Field(description="where it lies")
    train: fields.Path = Field(description="list of ids below the root")
    val: fields.Path = Field(description="the same for the images that are predicted and scored")
    test: fields.Path = unset("list of images without masks, for `submission.tgz`")
    download: bool = unset("the prepare rules fetch and unpack the official archives")
    tags: Annotated[str, fields.Choice("masks", "xml")] = unset(
        "from `masks` or from `xml` annotations"
    )
    classes: fields.Classes = unset("names of the foreground classes, in the order of their ids")
    evaluate: fields.Splits = unset(
        "the splits with masks to score against: `[train, val]`, or fewer"
    )


class VOC(Layout):
    """`train`, `val` and `test` are lists below the root."""

    entry_model = VOCEntry
    reader = "urn.datasets.voc"

    @property
    def splits(self) -> list[str]:
        """With test, where there is a list of it."""
        return [*SPLITS, *(["test"] if "test" in self.entry else [])]

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """As the entry says."""
        return [str(Path(self.root) / self.entry[split]) for split in splits]

    def ids(self, split: str) -> list[str]:
        """Of a list, a line each."""
        return voc_ids(Path(self.root) / self.entry[split])

    def files(self, splits: Iterable[str] = SPLITS) -> dict[str, dict[str, Files]]:
        """Tags are read from annotations or masks."""
        tags = voc_annotation if self._xml else voc_mask
        root = self.root
        return {
            split: {
                i: Files(str(voc_image(root, i)), str(tags(root, i)), str(voc_mask(root, i)))
                for i in self.ids(split)
            }
            for split in splits
        }

    @property
    def _xml(self) -> bool:
        return bool(self.entry.get("tags", "masks") == "xml")

    def faults(self, key: str) -> Iterator[str]:
        """Of the root, the lists and the folders, unless they are downloaded."""
        if self.preparable:
            return
        root, lists = Path(self.root), self.lists()
        if not root.is_dir():
            yield f"{missing(f'{key}.root', str(root), 'folder')}, such as holds {lists[0]}"
            return
        for split, path in zip(SPLITS, lists, strict=True):
            if not Path(path).is_file():
                yield missing(f"{key}.{split}", path, "list")
        for folder in ("JPEGImages", "Annotations" if self._xml else "SegmentationClass"):
            yield from missing_folder(f"{key}.root", str(root / folder))
