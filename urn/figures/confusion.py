"""Which class is taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from urn.figures.style import styled

MOST_NUMBERED = 30  # classes; beyond, cells are too small for numbers
CELL = 0.34  # inches


@styled
def confusion(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """A square for every true class (row) and predicted class (column), with its share of the row.

    Args:
        counts: pixels by true and predicted class, K×K.
        names: of the K classes.
    """
    pixels = counts.sum(axis=1, keepdims=True)
    shares = 100 * np.divide(counts, pixels, out=np.full(counts.shape, np.nan), where=pixels > 0)
    side = CELL * max(len(names), 8) + 2.2
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(drawn, label="pixels of the true class (%)", shrink=0.7)
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if len(names) <= MOST_NUMBERED:
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                colour = "white" if share > 55 else "black"
                axes.text(
                    column, row, f"{share:.0f}", ha="center", va="center", color=colour, fontsize=9
                )
    return figure
