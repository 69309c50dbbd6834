"""Images whose pseudo-masks became better or worse by the choice of an alpha for each class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat, mask_colours
from urn.working_size import nearest

COLUMNS = ("image", "CAM", "one alpha", "chosen", "truth")


@dataclass(frozen=True)
class AlphaExample:
    """An image and its pseudo-masks.

    Attributes:
        image: H×W×3 uint8 RGB.
        cam: H×W in [0, 1], the largest of its classes.
        one: H×W uint8 class ids, with the alpha of all images.
        chosen: the same with those chosen for its classes.
        truth: uint8 class ids, 255 = ignore; of any size.
        label: what is said of it.
    """

    image: np.ndarray
    cam: np.ndarray
    one: np.ndarray
    chosen: np.ndarray
    truth: np.ndarray
    label: str


def alpha_examples(examples: Sequence[AlphaExample], names: Sequence[str]) -> Figure:
    """A row for every image.

    Args:
        examples: one or more.
        names: of all classes, background first.
    """
    rows, met = [], []
    for example in examples:
        truth = nearest(example.truth, example.image.shape[:2])
        masks = [small(mask, smooth=False) for mask in (example.one, example.chosen, truth)]
        pictures = [small(example.image), small(heat(example.cam)), *map(mask_colours, masks)]
        rows.append(Row(pictures, example.label))
        met += masks
    return sheet(rows, COLUMNS, class_legend(met, names))
