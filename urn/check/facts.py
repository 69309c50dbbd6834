"""What the check of a dataset knows of each image: size, contrast, colour, perceptual hash."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from urn.files.images import image_size, read_image

LONGEST = 256  # pixels of the longer side at which an image is looked at
SIDE = 8  # of the two square grids of the hash
HASH_BITS = 2 * SIDE**2


@dataclass(frozen=True)
class Facts:
    """Of one image.

    Attributes:
        height, width: in pixels, upright.
        contrast: standard deviation of the grey values, 0 to 127.5.
        colour: mean over the pixels of the largest less the smallest channel, 0 to 255.
        dhash: `HASH_BITS` bits in hexadecimal digits, see `dhash`.
        mirrored: the same of the image with left and right exchanged.
    """

    height: int
    width: int
    contrast: float
    colour: float
    dhash: str
    mirrored: str


def facts_of(path: str | Path) -> Facts:
    """Look at an image file.

    Raises:
        UserError: it cannot be read.
    """
    height, width = image_size(path)
    image = read_image(path, LONGEST)
    return Facts(
        height,
        width,
        contrast=round(float(image.mean(axis=2).std()), 2),
        colour=round(float(np.ptp(image, axis=2).mean()), 2),
        dhash=dhash(image),
        mirrored=dhash(image[:, ::-1]),
    )


def dhash(image: np.ndarray) -> str:
    """A difference hash: whether it gets brighter to the right, and downwards, on an 8×8 grid.

    Copies of another size, quality or brightness differ in few bits, other images in about half.

    Args:
        image: H×W×3 uint8 RGB.

    Returns:
        `HASH_BITS` bits as hexadecimal digits.
    """
    grey = Image.fromarray(image.mean(axis=2, dtype=np.float32))
    grid = np.asarray(grey.resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX))
    right = grid[:-1, 1:] > grid[:-1, :-1]
    down = grid[1:, :-1] > grid[:-1, :-1]
    return np.packbits(np.stack([right, down])).tobytes().hex()
