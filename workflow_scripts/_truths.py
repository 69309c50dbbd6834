"""The images of a split whose truth is known, one after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from urn.datasets.index import Entry, Index
from urn.errors import UserError
from urn.files.images import read_made, read_mask
from urn.progress import progress


@dataclass(frozen=True)
class Compared:
    """An image whose truth is known.

    Attributes:
        entry: what the index says of the image.
        truth: H×W uint8 class ids.
        made: what was made of the image, H×W uint8 each.
    """

    entry: Entry
    truth: np.ndarray
    made: list[np.ndarray]


def known(index: Index, split: str) -> list[Entry]:
    """The images of a split that have a mask to compare with.

    Raises:
        UserError: none has.
    """
    entries = [entry for entry in index.split(split) if entry.mask is not None]
    if not entries:
        raise UserError(f"no {split} image has a mask to compare with: no score without masks")
    return entries


def each_compared(
    index: Index, split: str, *files: Sequence[str], description: str
) -> Iterator[Compared]:
    """Yield the images of a split whose truth is known, and show the progress.

    Args:
        files: of all images of the split, the masks or weight masks that were made; any number.

    Raises:
        UserError: no truth is known, or a file cannot be used.
    """
    images = len(known(index, split))
    rows = (row for row in zip(index.split(split), *files, strict=True) if row[0].mask is not None)
    for entry, *made in progress(rows, description, images):
        truth = read_mask(entry.mask)
        yield Compared(entry, truth, [read_made(path, truth.shape) for path in made])
