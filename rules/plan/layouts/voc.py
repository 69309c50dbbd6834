"""`voc`: the folders of PASCAL VOC, and lists of ids."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from rules.plan.layouts.base import Files, Made, absolute
from rules.plan.layouts.fetched import Fetched, Unpacked
from rules.plan.layouts.places import missing
from rules.plan.schema import values
from rules.plan.schema.values import key as optional
from urn.datasets import official
from urn.datasets.ids import SPLITS
from urn.datasets.layouts import voc_annotation, voc_image, voc_mask

FOLDER = "VOCdevkit/VOC2012"
LISTS = "ImageSets/Segmentation"
TRAIN_AND_VAL = [f"{LISTS}/{split}.txt" for split in SPLITS]
TRAINAUG = f"{LISTS}/trainaug.txt"
TEST = [f"{LISTS}/test.txt"]


class Voc(Fetched):
    """The folders of PASCAL VOC, and lists of ids."""

    unpacked: ClassVar[list[Unpacked]] = [
        Unpacked("unpack_{}", ["voc2012"], FOLDER, TRAIN_AND_VAL, TRAIN_AND_VAL),
        Unpacked("unpack_{}_test", ["voc2012_test"], FOLDER, TEST, TEST),
    ]

    layout: Literal["voc"] = Field(description="the folders of PASCAL VOC, and lists of ids")
    root: values.Path = Field(
        description="where it lies: holds `JPEGImages` and `SegmentationClass`"
    )
    train: values.Path = Field(description="list of ids, below the root")
    val: values.Path = Field(description="the same of images that are predicted and scored")
    test: values.Path = optional("the same of images without masks, for `submission.tgz`")
    tags: Literal["masks", "xml"] = Field(
        "masks", description="what tags are read from: the masks, or `Annotations/<id>.xml`"
    )
    classes: values.Classes = optional(
        "names of the foreground classes, in the order of their ids; VOC's own if left out"
    )

    @property
    def splits(self) -> list[str]:
        """Train, val and, where it has a list, test."""
        return [*SPLITS, *(["test"] if self.has("test") else [])]

    def list_of(self, split: str) -> Path:
        """Below the root, or elsewhere if its path is absolute."""
        return Path(self.root, getattr(self, split))

    def is_expected(self, split: str) -> bool:
        """Of the lists that the archives hold, and trainaug."""
        name = getattr(self, split)
        made = name in (*TRAIN_AND_VAL, TRAINAUG, *TEST) and self.from_archives
        return made and official.has(**self.expectation(name))

    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """Photographs, masks, and what tags are read from."""
        tags = voc_annotation if self.tags == "xml" else voc_mask
        found: dict[str, dict[str, Files]] = {}
        for split in splits:
            found[split] = {}
            made, last = self.from_archives, str(self.list_of(split))
            for i in self.ids(split):
                paths = (voc_image(self.root, i), tags(self.root, i), voc_mask(self.root, i))
                found[split][i] = Files(*(Made(str(p), last) if made else str(p) for p in paths))
        return found

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image has a mask, for each."""
        return (voc_mask(self.root, image_id).exists() for image_id in self.ids(split))

    @property
    def made_by_rules(self) -> bool:
        """Where the archives are fetched."""
        return self.from_archives

    def made_files(self) -> set[str]:
        """The folder, if archives are unpacked into it."""
        return absolute([self.root] if self.download else [])

    def faults(self, key: str) -> Iterator[str]:
        """The folder, its lists and those of images and tags; where they are fetched, other lists.

        A list for `submission.tgz` may be missing as long as nobody asks for that.
        """
        if self.from_archives:
            absent = [split for split in SPLITS if not self.available(split)]
            yield from self._missing_lists(key, absent)
            return
        own = list(self._own_faults(key))
        yield from own
        yield from self.own_files_faults() if own else ()

    def _own_faults(self, key: str) -> Iterator[str]:
        root = Path(self.root)
        if not root.is_dir():
            yield f"{missing(f'{key}.root', str(root), 'folder')}, such as holds {self.lists()[0]}"
            return
        yield from self._missing_lists(key, SPLITS)
        for folder in ("JPEGImages", "Annotations" if self.tags == "xml" else "SegmentationClass"):
            if not (root / folder).is_dir():
                yield missing(f"{key}.root", str(root / folder), "folder")

    def _missing_lists(self, key: str, splits: Iterable[str]) -> Iterator[str]:
        for split in splits:
            path = self.list_of(split)
            if not path.is_file() and not self.is_expected(split):
                yield missing(f"{key}.{split}", str(path), "list")
