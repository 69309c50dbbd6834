"""MS COCO's folders of images and files of annotated objects."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from rules.plan.configuration import SPLITS
from rules.plan.layouts.base import Files, Layout, missing
from rules.plan.schema import fields
from rules.plan.schema.entries import Entry
from rules.plan.schema.sections import unset
from urn.datasets.coco import coco_list, coco_records
from urn.datasets.ids import voc_ids


class COCOEntry(Entry):
    """As the configuration describes it."""

    layout: Literal["coco"] = Field(description="COCO's folders and files of annotated objects")
    root: fields.Path = Field(description="where it lies")
    train: fields.Name = Field(description="folder of images below the root")
    val: fields.Name = Field(description="the same for the images that are predicted and scored")
    download: bool = unset("the prepare rules fetch and unpack the official archives")
    evaluate: fields.Splits = unset(
        "the splits with masks to score against: `[train, val]`, or fewer"
    )


class COCO(Layout):
    """`train` and `val` are folders of images; lists and masks are made of the annotations."""

    entry_model = COCOEntry
    reader = "urn.datasets.coco"
    preparable = True
    made_by_rules = True

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """Those that a rule makes of the annotations."""
        return [str(coco_list(self.root, self.entry[split])) for split in splits]

    def ids(self, split: str) -> list[str]:
        """Of a list that was made."""
        return voc_ids(coco_list(self.root, self.entry[split]))

    def files(self, splits: Iterable[str] = SPLITS) -> dict[str, dict[str, Files]]:
        """Tags are in the lists."""
        found: dict[str, dict[str, Files]] = {split: {} for split in splits}
        for record in coco_records(self.root, self.entry["train"], self.entry["val"]):
            entry = record.entry
            mask = None if entry.mask is None else str(entry.mask)
            found[entry.split].setdefault(entry.id, Files(str(entry.image), entry.tags, mask))
        return found

    def made_files(self) -> set[str]:
        """The lists, and all of a root that is downloaded."""
        return {*self.lists(), *([self.root] if self.entry.get("download", False) else [])}

    def faults(self, key: str) -> Iterator[str]:
        """Of the annotations, unless they are downloaded or were used already."""
        listed = all(Path(path).is_file() for path in self.lists())
        if self.entry.get("download", False) or listed:
            return
        for split in SPLITS:
            file = Path(self.root) / "annotations" / f"instances_{self.entry[split]}.json"
            if not file.is_file():
                yield missing(f"{key}.root and {key}.{split}", str(file), "file of annotations")
