"""The ids of a dataset, read from one list or table: standard library only, for quick parsing.

An id names an image and every file made for it, so it is a relative path without an extension,
with `/` between its parts.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from urn.errors import UserError

SPLITS = ("train", "val")
IMAGE_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".png",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".webp",
    ".heic",
    ".heif",
)


@dataclass(frozen=True)
class Row:
    """One image of a table: what the user wrote, and where."""

    id: str
    split: str
    image: str
    tags: tuple[str, ...]
    mask: str
    source: Path
    line: int


def check_id(image_id: str, source: str | Path, line: int) -> str:
    """Return `image_id` if files can be named by it.

    Raises:
        UserError: the id leaves its folder or has characters that would be taken for wildcards.
    """
    parts = image_id.split("/")
    if not image_id.isprintable() or any(character in image_id for character in "{}\\"):
        problem = "has a brace, a backslash or an unprintable character: rename the image"
    elif image_id.startswith("/"):
        problem = "is an absolute path: name the image relative to its folder"
    elif any(part in ("", ".", "..") for part in parts):
        problem = "has an empty, '.' or '..' part: name the image by its plain relative path"
    else:
        return image_id
    raise UserError(f"{source}, line {line}: image id {image_id!r} {problem}")


def list_lines(path: str | Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield (line number, id, further columns) of an image list: an id per line comes first.

    Raises:
        UserError: the list is missing, not text, empty, or holds an id that cannot name files.
    """
    found = False
    for number, line in enumerate(_read_text(path), start=1):
        if columns := line.split():
            found = True
            yield number, check_id(columns[0], path, number), columns[1:]
    if not found:
        raise UserError(f"list {path} names no image: write one id per line")


def table_rows(path: str | Path, split: str) -> Iterator[Row]:
    """Yield the rows of a CSV with columns `image` and, optionally, `tags`, `split` and `mask`.

    Tags are separated by comma or semicolon. The id is the image's path without its extension,
    which may be missing. Rows with no split of their own belong to `split`.

    Raises:
        UserError: the table is missing, not text, has no such columns or no rows, or a row has
            an id that cannot name files or a split other than train and val.
    """
    found = False
    for line, cells in _table(path):
        found = True
        image = cells["image"].strip()
        if not image:
            raise UserError(f"{path}, line {line}: no image named: fill or drop the line")
        row_split = cells.get("split", "").strip() or split
        if row_split not in SPLITS:
            raise UserError(f"{path}, line {line}: split {row_split!r}: write train or val")
        tags = (tag.strip() for tag in cells.get("tags", "").replace(";", ",").split(","))
        yield Row(
            id=check_id(_without_suffix(image), path, line),
            split=row_split,
            image=image,
            tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
            mask=cells.get("mask", "").strip(),
            source=Path(path),
            line=line,
        )
    if not found:
        raise UserError(f"table {path} names no image: write one line per image")


def folder_rows(train_csv: str | Path, val_csv: str | Path | None = None) -> Iterator[Row]:
    """Yield the rows of both tables; see `table_rows`."""
    yield from table_rows(train_csv, "train")
    if val_csv is not None:
        yield from table_rows(val_csv, "val")


def voc_ids(list_path: str | Path) -> list[str]:
    """Ids of an image list; a repeated id counts once (validation reports it)."""
    return list(dict.fromkeys(image_id for _, image_id, _ in list_lines(list_path)))


def folder_ids(train_csv: str | Path, split: str, val_csv: str | Path | None = None) -> list[str]:
    """Ids of a split of a folder dataset; a repeated id counts once (validation reports it)."""
    rows = folder_rows(train_csv, val_csv)
    return list(dict.fromkeys(row.id for row in rows if row.split == split))


def shapes_ids(split: str, count: int) -> list[str]:
    """Ids of the generated dataset's split of `count` images."""
    return [f"shapes_{split}_{number:04d}" for number in range(1, count + 1)]


def _without_suffix(image: str) -> str:
    suffix = PurePosixPath(image).suffix
    return image[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES else image


def _table(path: str | Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, cell by column) of a CSV with a column `image`."""
    reader = csv.DictReader(
        _read_text(path), restkey="surplus", restval="", strict=True, skipinitialspace=True
    )
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        if "image" not in reader.fieldnames:
            raise UserError(
                f"table {path} has no column `image`: begin it with the line image,tags "
                "(comma separated)"
            )
        for cells in reader:
            if "surplus" in cells:
                raise UserError(
                    f"{path}, line {reader.line_num}: more cells than columns: quote the tags, "
                    'like "dog, person"'
                )
            yield reader.line_num, cells
    except csv.Error as error:  # `line_num` is that of the row before
        raise UserError(f"{path}, line {reader.line_num + 1}: {error}: close the quotes") from None


def _read_text(path: str | Path) -> io.StringIO:
    try:
        return io.StringIO(Path(path).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path") from None
