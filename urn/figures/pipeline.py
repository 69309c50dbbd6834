"""One image through every stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat, heat_legend, heat_over, mask_colours


@dataclass(frozen=True)
class Stages:
    """What the stages made of an image.

    Attributes:
        image: h×w×3 uint8 RGB, at the size at which the stages work.
        tags: names of its classes.
        cam: h×w in [0, 1], the largest CAM of its tags; None where there is none.
        pseudo_mask: H×W uint8 class ids, at the image's own size.
        response: h×w in [0, 1], the largest of the foreground classes.
        cyclic_mask: H×W uint8 class ids.
        weight: the weight mask, H×W uint8.
        others: further masks by what they are, uint8 class ids.
    """

    image: np.ndarray
    tags: Sequence[str]
    cam: np.ndarray | None
    pseudo_mask: np.ndarray
    response: np.ndarray
    cyclic_mask: np.ndarray
    weight: np.ndarray
    others: Mapping[str, np.ndarray]


def pipeline(stages: Stages, t: float, names: Sequence[str]) -> Figure:
    """The image and what every stage made of it, in two rows.

    Args:
        stages: what is shown.
        t: weights of at most `t` become `t` in the loss, the others 1.
        names: of all classes, background first.
    """
    pictures = panels(stages, t)
    half = (len(pictures) + 1) // 2
    titles, images = list(pictures), [*pictures.values()]
    blank = [None] * (2 * half - len(images))
    rows = [
        Row(images[:half], captions=titles[:half]),
        Row([*images[half:], *blank], captions=titles[half:]),
    ]
    masks = [stages.pseudo_mask, stages.cyclic_mask, *stages.others.values()]
    legend = class_legend([small(mask, smooth=False) for mask in masks], names)
    return sheet(rows, legend=legend + heat_legend("0 (heat maps)", "1 (heat maps)"))


def panels(stages: Stages, t: float) -> dict[str, np.ndarray]:
    """The pictures by their titles, H×W×3 uint8, in the order of the stages."""
    weight = small(stages.weight, smooth=False) / 255
    cam = {}
    if stages.cam is not None:
        cam["largest CAM of its tags"] = small(heat_over(stages.image, stages.cam))
    return {
        f"image: {', '.join(stages.tags)}": small(stages.image),
        **cam,
        "pseudo-mask": coloured(stages.pseudo_mask),
        "baseline's response": small(heat(stages.response)),
        "cyclic mask": coloured(stages.cyclic_mask),
        "uncertainty U": heat(1 - weight),
        f"loss weight Y, t = {t:g}": heat(np.where(weight > t, 1, t)),
        **{name: coloured(mask) for name, mask in stages.others.items()},
    }


def coloured(mask: np.ndarray) -> np.ndarray:
    """A mask's picture, small as sheets show it."""
    return mask_colours(small(mask, smooth=False))
