"""Tables and scores that earlier jobs wrote, read back."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from urn.errors import UserError

AGAIN = "delete it and run again"


def read_table(path: str | Path, columns: Collection[str], **options: Any) -> pd.DataFrame:
    """Read a tab-separated table that must have some columns and rows.

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
    if missing or table.empty:
        reason = f"it has no column {missing[0]}" if missing else "it has no rows"
        raise UserError(f"table {path} cannot be used ({reason}): {AGAIN}")
    return table


def read_score(path: str | Path) -> tuple[float, str]:
    """Read a file of one number and, after a tab, what it is.

    Raises:
        UserError: it is no such file.
    """
    try:
        number, what = Path(path).read_text(encoding="utf-8").strip().split("\t")
        return float(number), what
    except (OSError, ValueError):
        raise UserError(f"score {path} cannot be used (it holds no number): {AGAIN}") from None
