"""`voc`: the folders of PASCAL VOC, and lists of ids."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from rules.plan.layouts.base import Files, Rooted, Unpacked, absolute
from rules.plan.layouts.places import missing
from rules.plan.schema import values
from rules.plan.schema.values import key as optional
from urn.datasets.ids import SPLITS, voc_ids
from urn.datasets.layouts import voc_annotation, voc_image, voc_mask

FOLDER = "VOCdevkit/VOC2012"
LISTS = "ImageSets/Segmentation"


class Voc(Rooted):
    """The folders of PASCAL VOC, and lists of ids."""

    unpacked: ClassVar[list[Unpacked]] = [
        Unpacked("unpack_{}", ["voc2012"], FOLDER, [f"{LISTS}/train.txt", f"{LISTS}/val.txt"]),
        Unpacked("prepare_{}_test", ["voc2012_test"], FOLDER, [f"{LISTS}/test.txt"]),
    ]

    layout: Literal["voc"] = Field(description="the folders of PASCAL VOC, and lists of ids")
    root: values.Path = Field(
        description="where it lies: holds `JPEGImages` and `SegmentationClass`"
    )
    train: values.Path = Field(description="list of ids, below the root")
    val: values.Path = Field(description="the same of images that are predicted and scored")
    test: values.Path = optional("the same of images without masks, for `submission.tgz`")
    download: bool = Field(
        False, description="the prepare rules fetch and unpack the official archives"
    )
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

    def ids(self, split: str) -> list[str]:
        """The ids of a list, each once."""
        return voc_ids(self._list(split))

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The lists of ids."""
        return [str(self._list(split)) for split in splits]

    def _list(self, split: str) -> Path:
        return Path(self.root, getattr(self, split))

    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """Photographs, masks, and what tags are read from."""
        tags = voc_annotation if self.tags == "xml" else voc_mask
        found: dict[str, dict[str, Files]] = {}
        for split in splits:
            found[split] = {}
            for i in self.ids(split):
                paths = (voc_image(self.root, i), tags(self.root, i), voc_mask(self.root, i))
                found[split][i] = Files(*map(str, paths))
        return found

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image has a mask, for each."""
        return (voc_mask(self.root, image_id).exists() for image_id in self.ids(split))

    @property
    def preparable(self) -> bool:
        """Where the archives are fetched."""
        return self.download

    def made_files(self) -> set[str]:
        """The folder, if archives are unpacked into it."""
        return absolute([self.root] if self.download else [])

    def faults(self, key: str) -> Iterator[str]:
        """The folder, its lists and those of images and tags; none where they are fetched."""
        if self.download:
            return
        lists = self.lists()
        root = Path(self.root)
        if not root.is_dir():
            yield f"{missing(f'{key}.root', str(root), 'folder')}, such as holds {lists[0]}"
            return
        for split, path in zip(SPLITS, lists, strict=True):
            if not Path(path).is_file():
                yield missing(f"{key}.{split}", path, "list")
        for folder in ("JPEGImages", "Annotations" if self.tags == "xml" else "SegmentationClass"):
            if not (root / folder).is_dir():
                yield missing(f"{key}.root", str(root / folder), "folder")
