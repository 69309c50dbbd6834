"""The ids of a dataset, read from one list or table: standard library only, for quick parsing.

An id names an image and every file made for it, so it is a relative path without an extension,
with `/` between its parts.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from urn.errors import UserError, raise_faults

SPLITS = ("train", "val")
COLUMNS = ("image", "tags", "split", "mask")
LONGEST_NAME = 240  # bytes: file systems take 255, and files are written under longer names first
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


def list_lines(path: str | Path) -> list[tuple[int, str, list[str]]]:
    """Read (line number, id, further columns) of an image list: an id per line comes first.

    Raises:
        UserError: the list is missing, not text, empty, or holds ids that cannot name files.
    """
    lines = []
    for number, line in enumerate(_read_text(path), start=1):
        if columns := line.split():
            lines.append((number, columns[0], columns[1:]))
    if not lines:
        raise UserError(f"list {path} names no image: write one id per line")
    require(path, list(_id_faults((number, image_id) for number, image_id, _ in lines)))
    return lines


def table_rows(path: str | Path, split: str) -> list[Row]:
    """Read the rows of a CSV with columns `image` and, optionally, `tags`, `split` and `mask`.

    Tags are separated by comma or semicolon. The id is the image's path without its extension,
    which may be missing. Rows with no split of their own belong to `split`.

    Raises:
        UserError: the table is missing, not text, has other columns or no rows, or rows have
            ids that cannot name files or splits other than train and val.
    """
    rows: list[Row] = []
    faults: list[tuple[int, str]] = []
    for line, cells in table_cells(path):
        if cells.get("surplus") or cells.get(""):
            sentence = 'more cells than columns: quote the tags, like "dog, person"'
            faults.append((line, sentence))
        image = cells["image"].strip()
        row_split = cells.get("split", "").strip() or split
        if not image:
            faults.append((line, "no image named: fill or drop the line"))
        if row_split not in SPLITS:
            faults.append((line, f"split {row_split!r}: write train or val"))
        tags = (tag.strip() for tag in cells.get("tags", "").replace(";", ",").split(","))
        rows.append(
            Row(
                id=without_suffix(image),
                split=row_split,
                image=image,
                tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
                mask=cells.get("mask", "").strip(),
                source=Path(path),
                line=line,
            )
        )
    if not rows:
        raise UserError(f"table {path} names no image: write one line per image")
    faults += _id_faults((row.line, row.id) for row in rows if row.image)
    require(path, sorted(faults))
    return rows


def folder_rows(train_csv: str | Path, val_csv: str | Path | None = None) -> list[Row]:
    """The rows of both tables; see `table_rows`."""
    rows = table_rows(train_csv, "train")
    return rows if val_csv is None else rows + table_rows(val_csv, "val")


def voc_ids(list_path: str | Path) -> list[str]:
    """Ids of an image list; a repeated id counts once (validation reports it)."""
    return list(dict.fromkeys(image_id for _, image_id, _ in list_lines(list_path)))


def folder_ids(train_csv: str | Path, split: str, val_csv: str | Path | None = None) -> list[str]:
    """Ids of a split of a folder dataset; a repeated id counts once (validation reports it)."""
    return ids_of(folder_rows(train_csv, val_csv), split)


def ids_of(rows: Iterable[Row], split: str) -> list[str]:
    """Ids of the rows of a split, each once."""
    return list(dict.fromkeys(row.id for row in rows if row.split == split))


def shapes_ids(split: str, count: int) -> list[str]:
    """Ids of the generated dataset's split of `count` images."""
    return [f"shapes_{split}_{number:04d}" for number in range(1, count + 1)]


def require(path: str | Path, faults: list[tuple[int, str]]) -> None:
    """Raise the faults of a list's or table's lines, if there are any.

    Raises:
        UserError: with a sentence for each.
    """
    raise_faults(str(path), (f"{path}, line {line}: {fault}" for line, fault in faults))


def _id_faults(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the lines of ids that cannot name files, or not those of two images, and why."""
    first: dict[str, tuple[int, str]] = {}  # by the form in which some file systems keep names
    for line, image_id in lines:
        if problem := id_problem(image_id):
            yield line, f"image id {image_id!r} {problem}"
        form = image_id if image_id.isascii() else unicodedata.normalize("NFC", image_id)
        earlier, other = first.setdefault(form, (line, image_id))
        if other != image_id:
            yield (
                line,
                f"image id {image_id!r} is that of line {earlier} written with other code points "
                f"({image_id!a} and {other!a}), which is one file on some disks: "
                "rename one image",
            )
    for line, image_id in [place for place in first.values() if ".png/" in place[1]]:
        for folder in PurePosixPath(image_id).parents:
            owner = str(folder).removesuffix(".png")
            if owner != str(folder) and owner in first:
                yield (
                    line,
                    f"image id {image_id!r} needs a folder {folder}, which is the name of the "
                    f"masks of image {owner!r}, line {first[owner][0]}: rename one",
                )


def id_problem(image_id: str) -> str | None:
    """Why files cannot be named by an id; None where they can."""
    parts = image_id.split("/")
    if not image_id.isprintable() or any(character in image_id for character in "{}\\"):
        return "has a brace, a backslash or an unprintable character: rename the image"
    if image_id.startswith("/"):
        return "is an absolute path: name the image relative to its folder"
    if any(part in ("", ".", "..") for part in parts):
        return "has an empty, '.' or '..' part: name the image by its plain relative path"
    if max(len(part.encode()) for part in parts) > LONGEST_NAME:
        return f"has a part of more than {LONGEST_NAME} bytes: shorten the image's name"
    return None


def without_suffix(image: str) -> str:
    """The name of an image file without the suffix of an image's."""
    suffix = PurePosixPath(image).suffix
    return image[: -len(suffix)] if suffix.lower() in IMAGE_SUFFIXES else image


def table_cells(
    path: str | Path, columns: Sequence[str] = COLUMNS
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, cell by column) of a CSV.

    Args:
        path: the table.
        columns: that it may have; the first must be there.

    Raises:
        UserError: it is missing, not text, or has other columns.
    """
    reader = csv.DictReader(
        _read_text(path), restkey="surplus", restval="", strict=True, skipinitialspace=True
    )
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        if columns[0] not in reader.fieldnames:
            raise UserError(
                f"table {path} has no column `{columns[0]}`: begin it with the line "
                f"{','.join(columns[:2])} (comma separated)"
            )
        _check_columns(path, [name for name in reader.fieldnames if name], columns)
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:  # `line_num` is that of the row before
        raise UserError(f"{path}, line {reader.line_num + 1}: {error}: close the quotes") from None


def _check_columns(path: str | Path, given: list[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in given]
    wrong = []
    for name in dict.fromkeys(given):
        if name not in columns:
            close = get_close_matches(name, missing, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            wrong.append(f"the unknown column {name!r}{hint}")
        elif given.count(name) > 1:
            wrong.append(f"the column {name!r} twice")
    if wrong:
        lacks = f", but no column `{columns[1]}`" if columns[1] in missing else ""
        raise UserError(
            f"table {path} has {' and '.join(wrong)}{lacks}: name its columns "
            f"{', '.join(columns)}, and drop others"
        )


def _read_text(path: str | Path) -> io.StringIO:
    try:
        return io.StringIO(Path(path).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path") from None
