"""Places that the configuration names and that are not there, in sentences."""

from collections.abc import Iterator
from pathlib import Path


def missing_folder(key: str, path: str) -> Iterator[str]:
    """Of a folder, unless it is there."""
    if "://" in path:
        yield f"{key} is {path!r}: fetch it into a folder and name that"
    elif not Path(path).is_dir():
        yield missing(key, path, "folder")


def missing(key: str, path: str, kind: str) -> str:
    """Of a file or folder that is not there."""
    return f"there is no {kind} {path}{here()}: correct {key}"


def here() -> str:
    """Where relative paths begin."""
    return f" (in {Path.cwd()})"
