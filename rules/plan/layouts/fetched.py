"""What layouts have in common whose official archives can be fetched."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from rules.plan.layouts.base import Rooted
from rules.plan.schema import values
from rules.plan.schema.values import key as optional
from urn.datasets import official
from urn.datasets.claims import is_free
from urn.datasets.ids import SPLITS, voc_ids


class Unpacked(NamedTuple):
    """What a rule unpacks of a dataset's official archives.

    Attributes:
        rule: its name, with {} for the dataset's.
        archives: keys of the section `archives`.
        below: the folder inside them that becomes the dataset's root.
        files: what must be there afterwards, below the root.
        lists: those of them that name images; they are written last.
    """

    rule: str
    archives: list[str]
    below: str
    files: list[str]
    lists: list[str]


class Fetched(Rooted):
    """A dataset whose root is filled from official archives, unless it holds anything else."""

    unpacked: ClassVar[list[Unpacked]]

    download: bool = Field(
        False,
        description="fetch and unpack the official archives, unless the root holds files of yours",
    )
    expected: values.Path = optional(
        "with `download`, for archives with other images: a folder of the lists they hold, named "
        "as theirs; the official lists if left out"
    )

    @property
    def from_archives(self) -> bool:
        """Whether rules fill the root; files of the user's there are used as they are."""
        return bool(self.download) and is_free(self.root)

    @abstractmethod
    def list_of(self, split: str) -> Path:
        """Where a split's list is."""

    def expectation(self, name: str) -> dict[str, Any]:
        """Arguments of `official.ids` for the list of that file name."""
        folder = self.expected if self.has("expected") else None
        return {"layout": self.layout, "name": Path(name).stem, "folder": folder}

    @abstractmethod
    def is_expected(self, split: str) -> bool:
        """Whether a rule makes a split's list, and its ids are known before."""

    def ids(self, split: str) -> list[str]:
        """The ids of a list, each once; before it is there, those that it will have."""
        path = self.list_of(split)
        if self.is_expected(split) and not path.exists():
            return official.ids(**self.expectation(path.name))
        return voc_ids(path)

    def available(self, split: str) -> bool:
        """Whether the ids are known of a split; train and val go together."""
        together = ["test"] if split == "test" else SPLITS
        return split in self.splits and all(
            self.list_of(one).exists() or self.is_expected(one) for one in together
        )

    def lists(self, splits: Iterable[str] = SPLITS) -> list[str]:
        """The lists of ids."""
        return [str(self.list_of(split)) for split in splits]

    def own_files_faults(self) -> Iterator[str]:
        """Beside what is missing of the user's own files: why it is not fetched."""
        if self.download and not self.from_archives:
            yield (
                f"{self.root} holds files of your own, so that no archive is unpacked into it: "
                "add what is missing, or move it away"
            )
