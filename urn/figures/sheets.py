"""Images side by side, in rows under titled columns."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from urn.figures.style import WIDTH, styled

MARGIN, GAP, LINE = 0.15, 0.06, 0.21  # inches
TALLEST = 1.5  # times its width may a place be high; a taller image is drawn narrower


@dataclass(frozen=True)
class Row:
    """A row of a sheet.

    Attributes:
        images: H×W×3 uint8, all of one size; None leaves a place empty.
        label: what is written above the row.
        captions: what is written above each image, instead of the sheet's column titles.
    """

    images: Sequence[np.ndarray | None]
    label: str = ""
    captions: Sequence[str] = ()


@styled
def sheet(
    rows: Sequence[Row],
    columns: Sequence[str] = (),
    legend: Sequence[Patch] = (),
    width: float = WIDTH,
    most_cell: float = 3.2,
) -> Figure:
    """A sheet of images.

    Args:
        rows: at least one, all of the same number of places.
        columns: titles above the first row.
        legend: entries below the last row.
        width: of the figure, in inches.
        most_cell: no image is wider, in inches.
    """
    places = len(rows[0].images)
    cell = min((width - 2 * MARGIN - (places - 1) * GAP) / places, most_cell)
    width = max(2 * MARGIN + places * cell + (places - 1) * GAP, 0.55 * width)
    letters = int(11 * width)  # that fit beside each other
    labels = [textwrap.fill(row.label, letters) for row in rows]
    heights = [cell * max(_height(image) for image in row.images) for row in rows]
    above = [
        LINE * (len(label.splitlines()) + bool(row.captions)) + 0.14
        for row, label in zip(rows, labels, strict=True)
    ]
    longest = max((len(str(entry.get_label())) for entry in legend), default=0)
    across = max(1, min(len(legend), int(width / (0.65 + 0.09 * longest))))
    below = LINE * 1.15 * ceil(len(legend) / across) + 0.1 if legend else 0.0
    title = LINE + 0.05 if columns else 0.0
    height = MARGIN + title + sum(heights) + sum(above) + below + MARGIN

    figure = Figure(figsize=(width, height))
    top = height - MARGIN

    def write(x: float, y: float, text: str, **options: Any) -> None:
        figure.text(x / width, y / height, text, va="top", **options)

    def left(place: int) -> float:
        return MARGIN + place * (cell + GAP)

    for place, name in enumerate(columns):
        write(left(place) + cell / 2, top, name, ha="center", weight="bold")
    top -= title
    for row, label, row_height, space in zip(rows, labels, heights, above, strict=True):
        write(left(0), top - 0.08, label, ha="left", fontsize=10, linespacing=1.3)
        for place, caption in enumerate(row.captions):
            y = top - space + LINE
            write(left(place) + cell / 2, y, caption, ha="center", fontsize=10)
        top -= space
        for place, image in enumerate(row.images):
            if image is None:
                continue
            wide = cell * min(1.0, TALLEST * image.shape[1] / image.shape[0])
            tall = wide * image.shape[0] / image.shape[1]
            corner = ((left(place) + (cell - wide) / 2) / width, (top - tall) / height)
            axes = figure.add_axes((*corner, wide / width, tall / height))
            axes.imshow(image, aspect="auto")
            axes.set_axis_off()
        top -= row_height
    if legend:
        figure.legend(
            handles=legend,
            loc="lower center",
            ncols=across,
            bbox_to_anchor=(0.5, 0.04 / height),
            borderaxespad=0,
            handlelength=1.2,
            fontsize=10,
        )
    return figure


def _height(image: np.ndarray | None) -> float:
    """Of the place that an image takes, times the place's width."""
    return 0.0 if image is None else min(TALLEST, image.shape[0] / image.shape[1])
