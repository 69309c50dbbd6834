"""`coco`: the folders and annotations of MS COCO 2014."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from rules.plan.layouts.base import Files, Made, absolute, listed_files
from rules.plan.layouts.fetched import Fetched, Unpacked
from rules.plan.layouts.places import missing
from rules.plan.schema import values
from urn.datasets import official
from urn.datasets.claims import MARK, is_claimed, is_free
from urn.datasets.coco import coco_list, coco_records
from urn.datasets.ids import SPLITS
from urn.datasets.layouts import coco_image, coco_mask


class Coco(Fetched):
    """The folders and annotations of MS COCO 2014."""

    unpacked: ClassVar[list[Unpacked]] = [
        Unpacked(
            "unpack_{}",
            ["coco2014_train", "coco2014_val", "coco2014_annotations"],
            ".",
            [f"annotations/instances_{folder}.json" for folder in ("train2014", "val2014")],
            [],
        )
    ]

    layout: Literal["coco"] = Field(description="the folders and annotations of MS COCO 2014")
    root: values.Path = Field(description="where it lies: holds `annotations` and both folders")
    train: values.Name = Field(description="folder of images, such as `train2014`")
    val: values.Name = Field(description="the same of images that are predicted and scored")

    def list_of(self, split: str) -> Path:
        """The list of ids and tags that a rule makes."""
        return coco_list(self.root, getattr(self, split))

    @property
    def masks_folder(self) -> Path:
        """Where the masks are that a rule makes."""
        return Path(self.root, "masks")

    @property
    def made_by_rules(self) -> bool:
        """Whether masks and lists are made of the annotations; not where they are the user's."""
        absent = not all(Path(path).exists() for path in self.lists())
        return self.from_archives or absent or is_claimed(self.masks_folder)

    def annotations(self) -> list[str]:
        """The files of objects, of train and val."""
        names = [f"instances_{getattr(self, split)}.json" for split in SPLITS]
        return [f"{self.root}/annotations/{name}" for name in names]

    def is_expected(self, split: str) -> bool:
        """Of the official annotations, whoever put them there."""
        expected = bool(self.download) and self.made_by_rules
        return expected and official.has(**self.expectation(getattr(self, split)))

    def files(self, splits: Iterable[str]) -> dict[str, dict[str, Files]]:
        """Photographs and masks; tags as the lists have them."""
        if not (self.download and self.made_by_rules):
            return listed_files(coco_records(self.root, self.train, self.val), splits)
        return {split: dict(self._expected_files(split)) for split in splits}

    def _expected_files(self, split: str) -> Iterator[tuple[str, Files]]:
        """Files of which rules make some, and which may not be there yet."""
        last, folder = str(self.list_of(split)), getattr(self, split)
        tags, fetched = Made(last, str(self.masks_folder / MARK)), self.from_archives
        for i in self.ids(split):
            photo = str(coco_image(self.root, folder, i))
            mask = Made(str(coco_mask(self.root, i)), last)
            yield i, Files(Made(photo, last) if fetched else photo, tags, mask)

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image's mask is made yet, for each."""
        return (coco_mask(self.root, image_id).exists() for image_id in self.ids(split))

    def made_files(self) -> set[str]:
        """The lists, and the folder if archives are unpacked into it."""
        return absolute([*self.lists(), *([self.root] if self.download else [])])

    def faults(self, key: str) -> Iterator[str]:
        """The annotations, where neither they are fetched nor the lists are there."""
        if self.from_archives or not self.made_by_rules:
            return
        own = []
        for split, file in zip(SPLITS, self.annotations(), strict=True):
            if not Path(file).is_file():
                own.append(missing(f"{key}.root and {key}.{split}", file, "file of annotations"))
        if not is_free(self.masks_folder):
            own.append(
                f"{self.masks_folder} holds files that this workflow did not put there, where it "
                f"is to make masks: move it away, or add the lists {' and '.join(self.lists())}"
            )
        yield from own
        yield from self.own_files_faults() if own else ()
