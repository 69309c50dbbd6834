"""The user's images, tags and masks, as Snakemake is to know them: by size and time of change.

They are too many to be inputs of rules: each rule has a fingerprint of those it reads among its
parameters instead, and runs again when that changes.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cache

from rules.plan.layouts.base import Files, Made

KINDS = ("images", "tags", "masks")


def fingerprint(
    files: Mapping[str, Files], kinds: Iterable[str], ids: Iterable[str] | None = None
) -> str:
    """Changes when anything of these kinds changes, for some of the ids or for all.

    A file's size and time of change count, as does whether it is there. One that a rule makes
    counts as made, there or not, unless it is changed afterwards.
    """
    wanted = [(i, files[i]) for i in (files if ids is None else ids) if i in files]
    return fingerprint_of(part for i, f in wanted for part in (i, *(getattr(f, k) for k in kinds)))


def fingerprint_of(files: Iterable[str | Made | tuple[str, ...] | None]) -> str:
    """The same of files in the order given."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(_state(file).encode())
    return digest.hexdigest()[:12]


def _state(file: str | Made | tuple[str, ...] | None) -> str:
    if file is None or isinstance(file, tuple):
        return repr(file)
    if isinstance(file, str):
        found = _found(file)
        return f"{file} {found[0]} {found[1]}" if found else file
    then = _found(file.then)
    found = _found(file.path) if then else None
    changed = then and found and found[1] > then[1]
    return f"{file.path} {found[0]} {found[1]}" if changed and found else f"{file.path} as made"


@cache
def _found(path: str) -> tuple[int, int] | None:
    """A file's size and time of change; None if it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
