"""The index: what the rest of the pipeline knows of a dataset, whatever layout it came in."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

from urn.datasets.ids import id_problem
from urn.errors import UserError
from urn.files.atomic import atomic_path

BACKGROUND = "background"
SPLITS = ("train", "val", "test")
MOST_CLASSES = 254  # a mask has 8 bits, of which 0 is background and 255 is "ignore"


@dataclass(frozen=True)
class Entry:
    """One image: its id, split ("train", "val" or "test"), files and tags (names of classes).

    Of train, an image without tags is known to show none of the classes; of others, they may not be
    known.
    """

    id: str
    split: str
    image: Path
    mask: Path | None
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """An entry with the line it was read from and what kept the reader from completing it."""

    entry: Entry
    source: Path
    line: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index:
    """A dataset: foreground class names (class id = position + 1, 0 = background) and entries.

    An empty name stands for an id without a class, as some of COCO's are.
    """

    classes: tuple[str, ...]
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        check_classes(self.classes)

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.classes) + 1

    @property
    def unused(self) -> list[int]:
        """Class ids without a class: nothing counts for or against them."""
        return [class_id for class_id, name in enumerate(self.classes, start=1) if not name]

    def split(self, split: str) -> list[Entry]:
        """Entries of a split, in order."""
        return [entry for entry in self.entries if entry.split == split]

    def ids(self, split: str) -> list[str]:
        """Ids of a split, in order."""
        return [entry.id for entry in self.split(split)]

    def tag_ids(self, entry: Entry) -> list[int]:
        """Class ids of an entry's tags, ascending."""
        return sorted(self._class_ids[tag] for tag in entry.tags)

    def __getitem__(self, image_id: str) -> Entry:
        return self._by_id[image_id]

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _class_ids(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.classes, start=1)}


def check_classes(classes: Sequence[str]) -> None:
    """Check the foreground class names.

    Raises:
        UserError: there are none or too many, or a name is repeated or cannot be written as a tag.
    """
    if not any(classes) or len(classes) > MOST_CLASSES:
        raise UserError(f"{len(classes)} classes: name 1 to {MOST_CLASSES} foreground classes")
    for name in filter(None, classes):
        if classes.count(name) > 1:
            raise UserError(f"class {name!r} is named twice: name every class once")
        if name.strip().casefold() == BACKGROUND:
            raise UserError(f"class {name!r} is always there: name the foreground classes only")
        if name != name.strip() or not name.isprintable() or set(name) & set(",;"):
            raise UserError(
                f"class {name!r} cannot be a tag: use a name without comma, semicolon or "
                "surrounding blanks"
            )


def index_from(records: Iterable[Record], classes: Sequence[str]) -> Index:
    """Make the index of records with which `urn.datasets.validation.validate` found no fault.

    An image that is tagged as background has no tags there: it is known to show no class.
    """
    entries = (record.entry for record in records)
    return Index(
        tuple(classes),
        tuple(replace(e, tags=tuple(t for t in e.tags if t != BACKGROUND)) for e in entries),
    )


_CLASSES = "# classes: "
_COLUMNS = [field.name for field in fields(Entry)]


def write_index(path: str | Path, index: Index) -> None:
    """Write an index as CSV below a first line with the class names; see `read_index`."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(_CLASSES + json.dumps(index.classes, ensure_ascii=False) + "\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for entry in index.entries:
            writer.writerow(
                [entry.id, entry.split, entry.image, entry.mask or "", ";".join(entry.tags)]
            )


def read_index(path: str | Path) -> Index:
    """Read what `write_index` wrote: equal to the index written.

    Raises:
        UserError: the file is missing or is no index.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            first = file.readline()
            if not first.startswith(_CLASSES):
                raise ValueError("no line of classes")
            classes = json.loads(first.removeprefix(_CLASSES))
            reader = csv.DictReader(file)
            if reader.fieldnames != _COLUMNS:
                raise ValueError("other columns")
            if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
                raise ValueError("classes without names")
            return Index(tuple(classes), tuple(_entry(cells, classes) for cells in reader))
    except (OSError, ValueError, csv.Error, RecursionError, UserError) as error:
        raise UserError(
            f"index {path} cannot be used ({error}): run again with --forcerun index"
        ) from None


def _entry(cells: dict[str, str], classes: Sequence[str]) -> Entry:
    """An entry of its line, checked."""
    if cells.keys() != set(_COLUMNS) or None in cells.values():
        raise ValueError(f"the line of {cells['id']!r} has more or fewer cells than columns")
    tags = tuple(filter(None, cells["tags"].split(";")))
    if id_problem(cells["id"]) or cells["split"] not in SPLITS or not {*tags} <= {*classes}:
        raise ValueError(f"the line of {cells['id']!r} has another id, split or tag")
    return Entry(
        id=cells["id"],
        split=cells["split"],
        image=Path(cells["image"]),
        mask=Path(cells["mask"]) if cells["mask"] else None,
        tags=tags,
    )
