"""Tables and scores: how they are written, and read by later jobs."""

from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from urn.errors import UserError
from urn.files.atomic import atomic_path

AGAIN = "delete it and run again"


def write_table(path: str | Path, table: pd.DataFrame, index: bool = False) -> None:
    """Write a tab-separated table, whole or not at all; `index`: its index is a column, too."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, sep="\t", index=index)


def read_table(
    path: str | Path, columns: Collection[str], may_be_empty: bool = False, **options: Any
) -> pd.DataFrame:
    """Read a tab-separated table that must have some columns and, unless it may be empty, rows.

    Args:
        options: of pandas' `read_csv`.

    Raises:
        UserError: it is no such table.
    """
    try:
        table = pd.read_csv(path, sep="\t", **options)
    except (OSError, ValueError, LookupError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"table {path} cannot be used ({reason}): {AGAIN}") from None
    missing = [name for name in columns if name not in (*table.columns, table.index.name)]
    if missing or (table.empty and not may_be_empty):
        reason = f"it has no column {missing[0]}" if missing else "it has no rows"
        raise UserError(f"table {path} cannot be used ({reason}): {AGAIN}")
    return table


def read_by_image(files: Iterable[str], columns: Collection[str]) -> pd.DataFrame:
    """Read tables of images, one below the other; ids that look like numbers stay text.

    Raises:
        UserError: one is no such table.
    """
    text = {"image": str, "dhash": str}
    read = partial(read_table, columns=["image", *columns], dtype=text, keep_default_na=False)
    return pd.concat(map(read, files), ignore_index=True)
