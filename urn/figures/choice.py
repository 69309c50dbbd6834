"""Which images are shown: chosen by a number, never by hand."""

from collections.abc import Sequence

import pandas as pd


def at_quantiles(table: pd.DataFrame, by: str, quantiles: Sequence[float]) -> pd.DataFrame:
    """The rows of a table at quantiles of a column, each once, in the order of `quantiles`.

    Args:
        table: an image per row.
        by: the column; rows with the same value are taken in the table's order.
        quantiles: in [0, 1]; 0 is the least value, 1 the largest.
    """
    ranked = table.sort_values(by, kind="stable")
    places = dict.fromkeys(round(q * (len(ranked) - 1)) for q in quantiles)
    return ranked.iloc[list(places)]


def example(table: pd.DataFrame) -> str:
    """The id of one image that shows what the method does.

    Of the images whose cyclic mask has more than one label (of all, where none has), that at
    three quarters of the mean uncertainty.

    Args:
        table: with the columns `image`, `labels` (how many its cyclic mask has) and
            `uncertainty` (its mean).
    """
    several = table[table["labels"] > 1]
    chosen = at_quantiles(table if several.empty else several, "uncertainty", [0.75])
    return str(chosen["image"].item())
