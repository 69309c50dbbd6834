"""False pixels of a mask: where it has an object that is not there, and where it misses one."""

import numpy as np
from matplotlib.patches import Patch
from PIL import Image, ImageFilter

from urn.figures.style import GREY
from urn.files.images import IGNORE

FALSE_POSITIVE = (230, 120, 0)  # orange
MISSING_POSITIVE = (86, 180, 233)  # sky blue
OTHER_CLASS = (204, 121, 167)  # purple
BOUNDARY = (255, 255, 255)


def false_pixels(image: np.ndarray, mask: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The image in dark grey, with the false pixels of a mask in colour; H×W×3 uint8.

    Args:
        image: H×W×3 uint8 RGB.
        mask: H×W class ids.
        truth: H×W class ids; pixels with 255 are never false.
    """
    picture = (20 + 0.5 * image.mean(axis=2, keepdims=True)).repeat(3, axis=2).astype(np.uint8)
    false = (mask != truth) & (truth != IGNORE)
    picture[false] = OTHER_CLASS
    picture[false & (truth == 0)] = FALSE_POSITIVE
    picture[false & (mask == 0)] = MISSING_POSITIVE
    return picture


def with_boundary(picture: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """A picture with a white line along the boundary of the objects of a truth; H×W×3 uint8.

    Args:
        picture: H×W×3 uint8.
        truth: H×W class ids; 255 counts as background.
    """
    objects = np.where(truth == IGNORE, 0, truth)
    edge = np.zeros(truth.shape, dtype=bool)
    edge[:, 1:] |= objects[:, 1:] != objects[:, :-1]
    edge[1:] |= objects[1:] != objects[:-1]
    width = 1 + 2 * (max(truth.shape) // 320)  # pixels, odd; sheets show images smaller
    line = Image.fromarray(edge.astype(np.uint8)).filter(ImageFilter.MaxFilter(width))
    return np.where(np.asarray(line)[..., None] > 0, np.array(BOUNDARY, np.uint8), picture)


def false_legend(several: bool = True) -> list[Patch]:
    """What the colours of `false_pixels` mean; `several`: of masks of several classes."""
    meanings = {"false positive": FALSE_POSITIVE, "missing positive": MISSING_POSITIVE}
    if several:
        meanings["false class"] = OTHER_CLASS
    return [_entry(colour, label) for label, colour in meanings.items()]


def boundary_legend() -> list[Patch]:
    """What the line of `with_boundary` means."""
    return [_entry(BOUNDARY, "boundary of the ground truth")]


def _entry(colour: tuple[int, int, int], label: str) -> Patch:
    red, green, blue = colour
    return Patch(facecolor=(red / 255, green / 255, blue / 255), edgecolor=GREY, label=label)
