"""What the plan asks of a dataset's layout."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rules.plan.configuration import SECTIONS, SPLITS
from rules.plan.schema.entries import Entry

# Keys of a dataset that do not say what its data are, but what is done with them.
USES = ("teacher", "runs", "shard_size", "working_size", "evaluate", "download")


class Files(NamedTuple):
    """What tells of an image: files, and tags as they are written in a list or table."""

    images: str
    tags: str | tuple[str, ...]
    masks: str | None


class Layout:
    """How a dataset's files lie; of its entry in the configuration.

    Attributes:
        entry: checked.
        entry_model: what such an entry may hold.
        reader: the library's module that reads the files.
        inputs: the keys of the entry that are paths of the user's.
    """

    entry_model: type[Entry]
    reader: str
    inputs: tuple[str, ...] = ("root",)

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.entry = entry

    @property
    def root(self) -> str:
        """The folder of the dataset."""
        return str(self.entry["root"])

    @property
    def splits(self) -> list[str]:
        """Train and val, and test where the dataset has images for a server."""
        return list(SPLITS)

    @property
    def evaluated(self) -> list[str]:
        """The splits that have masks to compare with."""
        return list(self.entry.get("evaluate", SPLITS))

    @property
    def preparable(self) -> bool:
        """Whether a rule makes the lists from official files."""
        return bool(self.entry.get("download", False))

    @property
    def made_by_rules(self) -> bool:
        """Whether lists and masks that are missing are made."""
        return self.preparable

    def source(self) -> dict[str, Any]:
        """The part of the entry that says what the data are, without how they are used."""
        used = (*SECTIONS, *USES)
        return {key: value for key, value in self.entry.items() if key not in used}

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The files that `ids` reads."""
        raise NotImplementedError

    def ids(self, split: str) -> list[str]:
        """The image ids of a split.

        Raises:
            UserError: a list cannot be read.
        """
        raise NotImplementedError

    def files(self, splits: Iterable[str] = SPLITS) -> dict[str, dict[str, Files]]:
        """The user's files of every image, by split and id; none of those that a rule makes.

        Raises:
            UserError: a list cannot be read.
        """
        raise NotImplementedError

    def available(self, split: str) -> bool:
        """Whether the lists are there that name a split's images; train and val go together."""
        splits = ["test"] if split == "test" else SPLITS
        return all(Path(path).exists() for path in self.lists(splits))

    def made_files(self) -> set[str]:
        """What rules make in the dataset's root, which stands for all of it."""
        return {self.root} if self.preparable else set()

    def faults(self, key: str) -> Iterator[str]:
        """What the entry names and is not there, in sentences; `key` is that of the entry."""
        raise NotImplementedError

    def has_mask(self, split: str) -> Iterator[bool]:
        """Whether an image of a split has a mask, for each."""
        for image_id in self.ids(split):
            yield (Path(self.root) / "SegmentationClass" / f"{image_id}.png").exists()


def missing_folder(key: str, path: str) -> Iterator[str]:
    """The sentence about a folder that is not there."""
    if "://" in path:
        yield f"{key} is {path!r}: fetch it into a folder and name that"
    elif not Path(path).is_dir():
        yield missing(key, path, "folder")


def missing(key: str, path: str, kind: str) -> str:
    """The sentence about a file that is not there."""
    return f"there is no {kind} {path}{here()}: correct {key}"


def here() -> str:
    """What relative paths are relative to."""
    return f" (in {Path.cwd()})"
