"""What datasets for other trainers are made of: images and their masks."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from urn.corrections.apply import corrected
from urn.errors import raise_faults
from urn.files.images import IGNORE, read_image, read_made, read_mask

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png"}


@dataclass(frozen=True)
class Sample:
    """An image with its mask.

    Attributes:
        id: of the image in its dataset.
        split: "train" or "val".
        image: its file.
        mask: file of class ids, 255 = ignore.
        weight: file of 255·(1 − uncertainty); None where the mask is true.
        correction: file of class ids that override the mask, 255 = as it was; None where there is
            none.
    """

    id: str
    split: str
    image: Path
    mask: Path
    weight: Path | None = None
    correction: Path | None = None

    @property
    def name(self) -> str:
        """The id as a file's name, without folders."""
        return self.id.replace("/", "__")

    def labels(self, t: float = 1.0) -> np.ndarray:
        """Class ids, H×W uint8; 255 where the weight is at most t, which 1 leaves unused.

        Raises:
            UserError: a file cannot be read.
        """
        if self.weight is None:
            return read_mask(self.mask)
        mask = read_made(self.mask)
        if t < 1:
            mask[read_made(self.weight, mask.shape) <= 255 * t] = IGNORE
        if self.correction is not None:
            mask = corrected(mask, read_made(self.correction, mask.shape))
        return mask


def check_names(samples: Sequence[Sample]) -> None:
    """Check that every sample has a name of its own.

    Raises:
        UserError: with a sentence for every two that have not.
    """
    first: dict[str, str] = {}
    faults = [
        f"images {first[sample.name]!r} and {sample.id!r} would both be named {sample.name}: "
        "rename one"
        for sample in samples
        if first.setdefault(sample.name, sample.id) != sample.id
    ]
    raise_faults("the export", faults)


def of_split(samples: Sequence[Sample], split: str) -> list[Sample]:
    """The samples of a split, in order."""
    return [sample for sample in samples if sample.split == split]


def class_names(classes: Sequence[str]) -> list[str]:
    """Names by class id, all different; ids without a class are called `unused_<id>`."""
    return [name or f"unused_{number}" for number, name in enumerate(classes)]


def place_image(source: Path, stem: Path, formats: Sequence[str]) -> Path:
    """Put an image into a folder, as a hard link (or copy) where others read it as URN does.

    A JPEG with more bytes after its end is copied, as a trainer may mend the file.

    An image of another format, rotated by EXIF, transparent, or not of 3×8 bits is written anew,
    in the last of `formats`.

    Args:
        source: file of the image.
        stem: path of the new file without its suffix.
        formats: of those in `SUFFIXES`.

    Returns:
        Path of the new file.

    Raises:
        UserError: the image cannot be read.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    if kind := _plain(source, formats):
        target = stem.with_name(stem.name + SUFFIXES[kind])
        _link_or_copy(source, target)
        return target
    target = stem.with_name(stem.name + SUFFIXES[formats[-1]])
    Image.fromarray(read_image(source)).save(target, quality=95, subsampling=0)
    return target


def _link_or_copy(source: Path, target: Path) -> None:
    """Copy what cannot be linked: on another disk, or where a trainer may change it."""
    if _ends_well(source):
        try:
            os.link(source.resolve(), target)
            return
        except OSError:
            pass
    shutil.copyfile(source, target)


def _ends_well(path: Path) -> bool:
    """Whether an image is no JPEG, or ends with its mark: Ultralytics rewrites others in place."""
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(-2, os.SEEK_END)
        return start != b"\xff\xd8" or file.read() == b"\xff\xd9"


def _plain(path: Path, formats: Sequence[str]) -> str | None:
    """The format of an image that everybody reads alike; None for others."""
    try:
        with Image.open(path) as image:
            upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
            plain = image.mode == "RGB" and upright and "transparency" not in image.info
            return image.format if plain and image.format in formats else None
    except (OSError, ValueError, SyntaxError):
        return None  # reading it says what is wrong


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Yield a folder beside `path` to be filled; on success it takes the place of `path`.

    On an exception it is removed, and `path` is unchanged.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
