"""Tables and scores: how they are written, and read by later jobs."""

from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from urn.errors import UserError
from urn.files.atomic import atomic_path

AGAIN = "delete it and run again"

# Ids and names of people's own, which may look like a number or a missing value: 1, NA, null.
NAMES = dict.fromkeys(["image", "dhash", "mirrored", "class", "stage"], str)
AS_WRITTEN = {"dtype": NAMES, "keep_default_na": False, "na_values": [""]}


def write_table(path: str | Path, table: pd.DataFrame, index: bool = False) -> None:
    """Write a tab-separated table, whole or not at all; `index`: its index is a column, too."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, sep="\t", index=index)


def read_table(
    path: str | Path, columns: Collection[str], may_be_empty: bool = False, **options: Any
) -> pd.DataFrame:
    """Read a tab-separated table that must have some columns and, unless it may be empty, rows.

    Names stay text; only an empty cell is a missing value.

    Args:
        options: of pandas' `read_csv`, if others are needed.

    Raises:
        UserError: it is no such table.
    """
    try:
        table: pd.DataFrame = pd.read_csv(path, sep="\t", **{**AS_WRITTEN, **options})
    except (OSError, ValueError, LookupError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"table {path} cannot be used ({reason}): {AGAIN}") from None
    missing = [name for name in columns if name not in (*table.columns, table.index.name)]
    if missing or (table.empty and not may_be_empty):
        reason = f"it has no column {missing[0]}" if missing else "it has no rows"
        raise UserError(f"table {path} cannot be used ({reason}): {AGAIN}")
    return table


def read_by_image(files: Iterable[str], columns: Collection[str]) -> pd.DataFrame:
    """Read tables of images, one below the other.

    Raises:
        UserError: one is no such table.
    """
    read = partial(read_table, columns=["image", *columns])
    return pd.concat(map(read, files), ignore_index=True)
