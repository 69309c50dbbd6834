"""Corrections as they come out of a drawing tool, brought into one form: a PNG per image."""

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from urn.corrections.brushes import brushed_images, brushed_mask
from urn.corrections.colours import LABELMAP, MASKS, read_coloured, read_labelmap
from urn.corrections.objects import annotated_images
from urn.corrections.sources import files_below
from urn.datasets.ids import without_suffix
from urn.datasets.index import Entry, Index
from urn.datasets.instances import semantic_mask
from urn.datasets.unpack import unpack
from urn.datasets.validation import value_faults
from urn.errors import UserError, raise_faults
from urn.files.images import image_size, read_mask, write_mask
from urn.progress import progress


@dataclass(frozen=True)
class Drawn:
    """A mask that a source holds.

    Attributes:
        name: of its image, as the tool knows it: a path without suffix.
        place: what messages call the mask.
        read: gives its class ids, H×W uint8.
    """

    name: str
    place: str
    read: Callable[[], np.ndarray]


def write_corrections(folder: str | Path, source: str | Path, index: Index) -> None:
    """Write a palette PNG, <image id>.png, for every train image that a source corrects.

    What it has of val images is left out. A tool may have written `__` for the `/` of an id.

    Args:
        folder: where to.
        source: see `urn.corrections.sources`.
        index: of the dataset.

    Raises:
        UserError: with all that is wrong with the source, or with its masks.
    """
    with _opened(Path(source)) as opened:
        drawn = list(_found(opened, index))
        entries, faults = _by_name(index), []
        for mask in progress(drawn, "corrections", len(drawn)):
            entry = entries.get(_plain(mask.name))
            if entry is None:
                faults.append(
                    f"{mask.place} is of no image of the dataset: name it as its image, such as "
                    f"{index.entries[0].id}"
                )
            elif entry.split == "train":
                try:
                    values = mask.read()
                except UserError as error:
                    faults.append(str(error))
                    continue
                size = image_size(entry.image)
                faults += value_faults(values, mask.place, size, len(index.classes))
                write_mask(Path(folder) / f"{entry.id}.png", values)
        raise_faults(f"corrections {source}", faults)


@contextmanager
def _opened(source: Path) -> Iterator[Path]:
    """The folder or file of a source; a zip file is unpacked for as long as it is needed."""
    if source.suffix.lower() != ".zip" or source.is_dir():
        yield source
        return
    with TemporaryDirectory() as folder:
        unpack(source, folder)
        try:
            yield Path(folder)
        except UserError as error:  # names files that will be gone
            raise UserError(str(error).replace(folder, str(source))) from None


def _found(source: Path, index: Index) -> Iterator[Drawn]:
    labelmaps = sorted(files_below(source, [LABELMAP])) if source.is_dir() else []
    annotations = sorted(files_below(source, [".json"])) if source.is_dir() else [source]
    if labelmaps:
        root, names = labelmaps[0].parent, read_labelmap(labelmaps[0])
        masks = root / MASKS if (root / MASKS).is_dir() else root
        yield from _pngs(masks, lambda path: read_coloured(path, names, index.classes))
    elif annotations:
        for path in annotations:
            yield from _annotated(path, index.classes)
    else:
        yield from _pngs(source, read_mask)


def _annotated(path: Path, classes: Sequence[str]) -> Iterator[Drawn]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({error}): export it again") from None
    if isinstance(content, list):
        for name, regions in brushed_images(path, content):
            place = f"{path}, image {name},"
            yield Drawn(without_suffix(name), place, partial(brushed_mask, place, regions, classes))
    else:
        for image in annotated_images(path, content, classes):
            yield Drawn(image.id, f"{path}, image {image.id},", partial(semantic_mask, image))


def _pngs(folder: Path, read: Callable[[Path], np.ndarray]) -> Iterator[Drawn]:
    for path in sorted(files_below(folder, [".png"])):
        name = path.relative_to(folder).with_suffix("").as_posix()
        yield Drawn(name, f"mask {path}", partial(read, path))


def _by_name(index: Index) -> dict[str, Entry]:
    """The images by id, by id without folders as exports write it, and by their files."""
    found: dict[str, Entry] = {}
    for entry in index.entries:
        file = without_suffix(entry.image.as_posix().lstrip("/"))
        for name in (file, entry.id.replace("/", "__")):
            found.setdefault(_plain(name), entry)
    return found | {_plain(entry.id): entry for entry in index.entries}


def _plain(name: str) -> str:
    """A name in one of the forms that file systems keep names in."""
    return unicodedata.normalize("NFC", name)
