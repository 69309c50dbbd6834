"""The size at which images are processed, and the way back to their own.

Larger photographs are shrunk, so that they take no more memory or time in any stage. Masks are
enlarged when they are written: every mask has the size of its image.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Literal

import numpy as np
from PIL import Image

# Pixels of the longer side; "auto": at most `AUTO_PIXELS` in all; "original": unchanged.
WorkingSize = int | Literal["auto", "original"]

AUTO_PIXELS = 1 << 20
BAND = 1 << 22  # values that `enlarged` holds at a time


def working_shape(height: int, width: int, working_size: WorkingSize) -> tuple[int, int]:
    """Height and width at which an image of this height and width is processed; never larger."""
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
    """Enlarge maps bilinearly, band by band, so that memory does not grow with the size.

    Args:
        maps: K×h×w float32.
        size: H, W.

    Yields:
        The rows of a band and its maps, K×rows×W float32. Maps that have the size already are
        yielded unchanged, in one band.
    """
    height, width = size
    if not len(maps):
        maps = np.zeros((0, height, width), np.float32)
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
    """Enlarge a mask with smooth outlines.

    Every label's 0/1 map is enlarged; at each pixel the largest wins, the lower label in a tie.

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
    """Resize h×w uint8 values (labels, weights) to H, W without blending them."""
    if values.shape == size:
        return values
    return np.array(Image.fromarray(values).resize(size[::-1], Image.Resampling.NEAREST))
