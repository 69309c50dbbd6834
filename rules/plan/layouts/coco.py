"""`coco`: the folders and annotations of MS COCO 2014."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from rules.plan.layouts.base import Files, Rooted, Unpacked, absolute, listed_files
from rules.plan.layouts.places import missing
from rules.plan.schema import values
from urn.datasets.coco import coco_list, coco_records
from urn.datasets.ids import SPLITS, voc_ids
from urn.datasets.layouts import coco_mask


class Coco(Rooted):
    """The folders and annotations of MS COCO 2014."""

    unpacked: ClassVar[list[Unpacked]] = [
        Unpacked(
            "unpack_{}",
            ["coco2014_train", "coco2014_val", "coco2014_annotations"],
            ".",
            [f"annotations/instances_{folder}.json" for folder in ("train2014", "val2014")],
        )
    ]

    layout: Literal["coco"] = Field(description="the folders and annotations of MS COCO 2014")
    root: values.Path = Field(description="where it lies: holds `annotations` and both folders")
    train: values.Name = Field(description="folder of images, such as `train2014`")
    val: values.Name = Field(description="the same of images that are predicted and scored")
    download: bool = Field(
        False, description="the prepare rules fetch and unpack the official archives"
    )

    def ids(self, split: str) -> list[str]:
        """The ids of a list, each once."""
        return voc_ids(self._list(split))

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The lists of ids and tags that the prepare rule makes."""
        return [str(self._list(split)) for split in splits]

    def _list(self, split: str) -> Path:
        return coco_list(self.root, getattr(self, split))

    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """Photographs and masks; tags as the lists have them."""
        return listed_files(coco_records(self.root, self.train, self.val), splits)

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image's mask is made yet, for each."""
        return (coco_mask(self.root, image_id).exists() for image_id in self.ids(split))

    @property
    def preparable(self) -> bool:
        """Always: from the annotations."""
        return True

    def made_files(self) -> set[str]:
        """The lists, and the folder if archives are unpacked into it."""
        return absolute([*self.lists(), *([self.root] if self.download else [])])

    def faults(self, key: str) -> Iterator[str]:
        """The annotations, where neither they are fetched nor the lists are made of them."""
        if self.download or all(Path(path).is_file() for path in self.lists()):
            return
        for split in SPLITS:
            file = Path(self.root) / "annotations" / f"instances_{getattr(self, split)}.json"
            if not file.is_file():
                yield missing(f"{key}.root and {key}.{split}", str(file), "file of annotations")
