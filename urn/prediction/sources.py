"""The images that a command line names."""

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from urn.datasets.ids import IMAGE_SUFFIXES
from urn.errors import UserError


@dataclass(frozen=True)
class Source:
    """An image to predict.

    Attributes:
        path: its file.
        image: its path below the folder of all images.
        name: what files made for it are called, without a suffix; `image` without its own, unless
            another image would have the same.
    """

    path: Path
    image: str
    name: str


def find_images(given: Sequence[str | Path], without: Path | None = None) -> list[Source]:
    """The images that are meant, each once.

    Args:
        given: folders, whose images are found at any depth; files; lists (.txt) with a path on
            every line; patterns such as `photos/**/*.jpg`.
        without: a folder whose files do not count, such as that of an earlier output.

    Returns:
        The images of a folder in alphabetical order, others as they are given. Their names are
        relative to the folder, if it is the only thing given, else to the last folder that holds
        all of them.

    Raises:
        UserError: something is not there, or there is no image.
    """
    paths = [path for item in given for path in _files(str(item))]
    if without is not None:
        left_out = without.absolute()
        paths = [path for path in paths if left_out not in path.absolute().parents]
    paths = list(dict.fromkeys(Path(os.path.abspath(path)) for path in paths))
    if not paths:
        raise UserError(
            f"there is no image in {' '.join(map(str, given))}: name a folder with images "
            f"({', '.join(IMAGE_SUFFIXES)}), files, a list (.txt) or a pattern"
        )
    if len(given) == 1 and os.path.isdir(given[0]):
        folder = os.path.abspath(given[0])
    else:
        folder = os.path.commonpath([path.parent for path in paths])
    images = [path.relative_to(folder).as_posix() for path in paths]
    bare = [os.path.splitext(image)[0] for image in images]
    shared = Counter(bare)
    return [
        Source(Path(os.path.relpath(path)), image, image if shared[name] > 1 else name)
        for path, image, name in zip(paths, images, bare, strict=True)
    ]


def _files(item: str) -> Iterator[Path]:
    path = Path(item)
    if path.is_dir():
        found = (file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
        yield from sorted(file for file in found if _is_shown(file.relative_to(path)))
    elif path.suffix.lower() == ".txt" and path.is_file():
        yield from _listed(path)
    elif path.is_file():
        yield path
    else:
        matches = sorted(glob.glob(item, recursive=True))
        files = [Path(match) for match in matches if os.path.isfile(match)]
        if not files:
            raise UserError(
                f"there is no {item}: name a folder, files, a list (.txt) or a quoted pattern"
            )
        yield from files


def _is_shown(path: Path) -> bool:
    """Whether a file is one of the user's: hidden ones are the system's."""
    return not any(part.startswith(".") for part in path.parts)


def _listed(path: Path) -> Iterator[Path]:
    """The paths in a list: relative ones begin where the command runs, as the shell's do."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UserError(f"list {path} cannot be read: write a path per line, as UTF-8") from None
    yield from (Path(line.strip()) for line in lines if line.strip())
