"""The ids of VOC 2012's and COCO 2014's images, known before their archives are there.

Beside this file lies every official list as <layout>/<name>.txt.xz: an id per line, in the order of
the official file, compressed by `write`. COCO's lists hold the images with at least one object.
Standard library only, for quick parsing.
"""

import lzma
from collections.abc import Sequence
from pathlib import Path

from urn.datasets.ids import voc_ids
from urn.errors import UserError, in_thousands

FOLDER = Path(__file__).parent
NAMED = 3  # ids that a message names; the others are counted


def write(path: str | Path, image_ids: Sequence[str]) -> None:
    """Write a list as those of this folder are: the same ids give the same bytes."""
    text = "\n".join([*image_ids, ""])
    Path(path).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def has(layout: str, name: str, folder: str | None = None) -> bool:
    """Whether a list is known.

    Args:
        layout: `voc` or `coco`.
        name: the list's, such as "trainaug" or "train2014".
        folder: of other lists, <name>.txt, that count instead.
    """
    return _file(layout, name, folder).is_file()


def ids(layout: str, name: str, folder: str | None = None) -> list[str]:
    """The ids of a list; see `has`.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    file = _file(layout, name, folder)
    if folder is not None:
        return voc_ids(file)
    try:
        return lzma.decompress(file.read_bytes()).decode().split()
    except OSError:
        raise UserError(f"no official list {name} of {layout} is known: name another") from None


def require(found: Sequence[str], expected: Sequence[str], what: str, fix: str) -> None:
    """Check that a list is as it is known to be.

    Args:
        found: the ids of the list.
        expected: those known.
        what: the list, for the message.
        fix: what mends another list, for the message.

    Raises:
        UserError: they differ; the message counts what is missing and what is extra.
    """
    if list(found) == list(expected):
        return
    differences = [
        _counted(sorted(one - other), word)
        for one, other, word in (
            ({*expected}, {*found}, "missing"),
            ({*found}, {*expected}, "extra"),
        )
        if one - other
    ]
    difference = " and ".join(differences) or "their order is another, or some are there twice"
    raise UserError(f"{what} is not the list that is expected ({difference}): {fix}")


def _counted(image_ids: Sequence[str], word: str) -> str:
    first = ", ".join(image_ids[:NAMED]) + (", ..." if len(image_ids) > NAMED else "")
    count = f"{in_thousands(len(image_ids))} id{'s' if len(image_ids) > 1 else ''}"
    return f"{count} {word}: {first}"


def _file(layout: str, name: str, folder: str | None) -> Path:
    return FOLDER / layout / f"{name}.txt.xz" if folder is None else Path(folder, f"{name}.txt")
