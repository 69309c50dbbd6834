"""What all figures share: sizes, colours that colour-blind readers can tell apart, saving."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from urn.files.atomic import atomic_path
from urn.files.images import IGNORE, palette

WIDTH = 11.0  # inches: 1100 pixels, a screen's width
DPI = 100

# Okabe & Ito (2008), but yellow, which a white page swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#8A8A8A"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

# Decorates the functions that make figures; nothing global is changed.
styled = mpl.rc_context(
    {
        "font.size": 11,
        "text.parse_math": False,  # a class's name may have a $
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "legend.frameon": False,
    }
)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as an image, whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=DPI)


def mask_colours(mask: np.ndarray) -> np.ndarray:
    """H×W class ids in VOC's colours, H×W×3 uint8."""
    return palette()[mask]


def heat(values: np.ndarray) -> np.ndarray:
    """H×W values in [0, 1] from dark (0) to bright (1), H×W×3 uint8."""
    return (255 * mpl.colormaps["magma"](np.asarray(values, dtype=np.float32))[..., :3]).astype(
        np.uint8
    )


def heat_over(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`heat` laid over the grey image, the stronger the more opaque."""
    grey = image.mean(axis=2, keepdims=True)
    opacity = 0.35 + 0.55 * np.asarray(values, dtype=np.float32)[..., None]
    return (grey * (1 - opacity) + heat(values) * opacity).astype(np.uint8)


def heat_legend(low: str, high: str) -> list[Patch]:
    """What the two ends of `heat` mean."""
    ends = heat(np.array([[0.0, 1.0]]))[0] / 255
    return [
        Patch(facecolor=tuple(end), edgecolor=GREY, label=label)
        for end, label in zip(ends, (low, high), strict=True)
    ]


def class_legend(masks: Iterable[np.ndarray], names: Sequence[str]) -> list[Patch]:
    """VOC's colours of the classes met in masks.

    Args:
        masks: H×W class ids, 255 = ignore.
        names: of all classes, background first.
    """
    met = sorted(set().union(*(np.unique(mask).tolist() for mask in masks)))
    named = {**dict(enumerate(names)), IGNORE: "ignored"}
    colours = [tuple(colour) for colour in palette() / 255]
    return [Patch(facecolor=colours[i], edgecolor=GREY, label=named[i]) for i in met if i in named]
