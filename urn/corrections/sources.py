"""Where corrections come from: standard library only, for quick parsing.

A source is a folder, a zip file of such a folder, or a JSON file. A folder holds masks as PNGs, and
a labelmap.txt if they are coloured; or JSON files: of COCO's annotations, or Label Studio's.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIXES = (".png", ".json", ".txt")
FILES = (".zip", ".json")


def problem(source: str | Path) -> str | None:
    """Why a path is no source; None if it may be one."""
    path = Path(source)
    if path.is_dir() or (path.is_file() and path.suffix.lower() in FILES):
        return None
    if path.exists():
        return f"is {source}: give a folder of PNGs, a .zip or a .json file"
    return f"is {source}, which is not there: correct the path, or drop the key"


def source_files(source: str | Path) -> list[str]:
    """The files that tell of corrections, in order: the source itself if it is a file."""
    if not os.path.isdir(source):
        return [str(source)]
    return sorted(str(path) for path in files_below(source, SUFFIXES))


def files_below(folder: str | Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """The files in a folder and its subfolders that end so; hidden ones do not count."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(tuple(suffixes)) and not name.startswith("."):
                yield Path(place, name)
