"""Folders that are filled from official files: marked first, so that no other is written into."""

import os
from pathlib import Path

from urn.errors import UserError

MARK = "made_by_urn.txt"
TEXT = """\
URN fills this folder from official files, and takes what is here for that. If you remove this
file, the folder is your own: it is then used as it is, and never written into.
"""


def claim(folder: str | Path) -> None:
    """Mark a folder before the first file is written into it, or anew after the last.

    Raises:
        UserError: it holds files, but no mark.
    """
    if not is_free(folder):
        raise UserError(
            f"{folder} holds files that were not put there by this workflow, which writes none "
            "beside them: move it away"
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, MARK).write_text(TEXT)


def is_claimed(folder: str | Path) -> bool:
    """Whether a folder is marked."""
    return Path(folder, MARK).is_file()


def is_free(folder: str | Path) -> bool:
    """Whether a folder may be filled: it is marked, absent, or without any file or link."""
    # In this order: another job may mark the folder and begin to fill it in between.
    return not _holds_files(folder) or is_claimed(folder)


def _holds_files(folder: str | Path) -> bool:
    if not os.path.lexists(folder):
        return False
    if not os.path.isdir(folder):
        return True
    with os.scandir(folder) as entries:
        return any(
            entry.is_symlink() or not entry.is_dir() or _holds_files(entry.path)
            for entry in entries
        )
