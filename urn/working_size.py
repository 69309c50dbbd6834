"""The size at which images are worked on, and the way back to their own.

Larger photographs are shrunk, so that no stage takes more memory or time for them. What is made of
them is enlarged when it is written: every mask has the size of its image.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Literal

import numpy as np
from PIL import Image

# Pixels of the longer side, or: at most `AUTO_PIXELS` in all, or the images as they are.
WorkingSize = int | Literal["auto", "original"]

AUTO_PIXELS = 1 << 20
BAND = 1 << 22  # numbers that `enlarged` holds at a time


def working_shape(height: int, width: int, working_size: WorkingSize) -> tuple[int, int]:
    """Height and width at which an image of this height and width is worked on, never larger."""
    match working_size:
        case "original":
            factor = 1.0
        case "auto":
            factor = sqrt(AUTO_PIXELS / (height * width))
        case longer:
            factor = longer / max(height, width)
    if factor >= 1:
        return height, width
    return max(1, round(height * factor)), max(1, round(width * factor))


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> Iterator[tuple[slice, np.ndarray]]:
    """Maps enlarged bilinearly, band by band: memory does not grow with the size.

    Args:
        maps: K×h×w float32.
        size: H, W.

    Yields:
        The rows of a band, and the K maps there, K×rows×W float32. Maps of that size already come
        in one band, as they are.
    """
    height, width = size
    if maps.shape[1:] == size:
        yield slice(0, height), maps
        return
    pictures = [Image.fromarray(np.ascontiguousarray(values, np.float32)) for values in maps]
    rows_at_once = max(1, BAND // (len(maps) * width))
    for first in range(0, height, rows_at_once):
        last = min(first + rows_at_once, height)
        box = (0, first * maps.shape[1] / height, maps.shape[2], last * maps.shape[1] / height)
        band = [
            np.asarray(picture.resize((width, last - first), Image.Resampling.BILINEAR, box))
            for picture in pictures
        ]
        yield slice(first, last), np.stack(band)


def enlarge_labels(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask of labels at a larger size, with smooth outlines.

    Every label's pixels are enlarged as a map of ones among zeros; the largest map wins, the lower
    label where two are equal.

    Args:
        mask: h×w uint8.
        size: H, W.

    Returns:
        H×W uint8.
    """
    if mask.shape == size:
        return mask
    labels = np.unique(mask)
    large = np.empty(size, np.uint8)
    shares = (mask == labels[:, None, None]).astype(np.float32)
    for rows, band in enlarged(shares, size):
        large[rows] = labels[band.argmax(axis=0)]
    return large


def nearest(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """h×w uint8 values (labels, weights) at another size H, W, none of them blended."""
    if values.shape == size:
        return values
    return np.array(Image.fromarray(values).resize(size[::-1], Image.Resampling.NEAREST))
