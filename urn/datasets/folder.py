"""A folder of images with a table of tags: the layout for one's own photographs."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from urn.datasets.ids import IMAGE_SUFFIXES, Row, folder_rows
from urn.datasets.index import Entry, Record


def folder_records(
    images: str | Path,
    train_csv: str | Path,
    val_csv: str | Path | None = None,
    masks: str | Path | None = None,
) -> list[Record]:
    """Read a folder of images and its tables.

    Args:
        images: folder of the images, which may lie in subfolders.
        train_csv: columns `image` (path within `images`; the extension may be missing), `tags`
            (`"dog, person"`; `;` separates too; `background` alone: none of the classes) and,
            optionally, `split` (train or val) and `mask` (path within `masks`, or within `images`
            where there is no such folder).
        val_csv: the same for val images; tags may be missing.
        masks: folder of masks, <id>.png where the table names no other file. If it is given,
            val images must have one.

    A name is found in whichever Unicode normal form (é as one character or two) its file has it.

    Raises:
        UserError: a table cannot be read. What is wrong with an image is left in its record.
    """
    images = Path(images)
    return [
        _record(row, images, Path(masks) if masks is not None else None)
        for row in folder_rows(train_csv, val_csv)
    ]


def read(source: Mapping[str, Any]) -> tuple[Sequence[str], list[Record]]:
    """Classes and records of a dataset; see `urn.datasets.readers`."""
    tables = (source["train"], source.get("val"))
    return source["classes"], folder_records(source["images"], *tables, source.get("masks"))


def _record(row: Row, images: Path, masks: Path | None) -> Record:
    candidates = _candidates(row, images)
    problems: tuple[str, ...] = ()
    if len(candidates) > 1:
        names = " and ".join(path.name for path in candidates)
        problems = (f"image {row.image!r} may be {names}: name it with its extension",)
    mask = _mask(row, images, masks)
    entry = Entry(row.id, row.split, candidates[0], mask, row.tags)
    return Record(entry, row.source, row.line, problems)


def _candidates(row: Row, images: Path) -> list[Path]:
    """The files that a row may mean; the path as it is written if there is none."""
    if row.image != row.id:
        return [_file(images, row.image)]
    lower = [_file(images, row.image + suffix) for suffix in IMAGE_SUFFIXES]
    upper = [_file(images, row.image + suffix.upper()) for suffix in IMAGE_SUFFIXES]
    for paths in (lower, upper):  # apart, as on some file systems the two are the same
        if found := [path for path in paths if path.is_file()]:
            return found
    return [images / row.image]


def _mask(row: Row, images: Path, masks: Path | None) -> Path | None:
    if row.mask:
        return _file(masks or images, row.mask)
    if masks is None:
        return None
    mask = _file(masks, f"{row.id}.png")
    return mask if row.split == "val" or mask.exists() else None


def _file(folder: Path, name: str) -> Path:
    """A file as its table names it, or in another normal form if it is only there in that."""
    written = folder / name
    if name.isascii() or written.exists():
        return written
    forms = (folder / unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return next((path for path in forms if path.exists()), written)
