"""Small pictures of an image and its masks, which the gallery lays over each other."""

from pathlib import Path

import numpy as np
from PIL import Image

from urn.figures.style import heat
from urn.files.images import palette

LONGEST = 384  # pixels: fills a phone's width
QUALITY = 80
COLOURS_OF_UNCERTAINTY = 16


def write_photograph(path: str | Path, image: np.ndarray) -> None:
    """Write H×W×3 uint8 RGB as a small JPEG."""
    picture = Image.fromarray(image)
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BICUBIC)
    picture.save(path, quality=QUALITY)


def write_mask_layer(path: str | Path, mask: np.ndarray) -> None:
    """Write H×W uint8 class ids as a small PNG in which the background is transparent."""
    colours = palette()
    opacity = np.full(256, 255, np.uint8)
    opacity[0] = 0
    _write_layer(path, mask, colours, opacity)


def write_uncertainty_layer(path: str | Path, weight: np.ndarray) -> None:
    """Write an H×W uint8 weight mask as a small PNG, the more opaque the less sure its pixels."""
    step = 256 // COLOURS_OF_UNCERTAINTY
    uncertainty = (255 - weight) // step
    share = np.arange(256).clip(0, COLOURS_OF_UNCERTAINTY - 1) / (COLOURS_OF_UNCERTAINTY - 1)
    opacity = (255 * np.sqrt(share)).astype(np.uint8)
    _write_layer(path, uncertainty, heat(share[None])[0], opacity)


def _write_layer(
    path: str | Path, ids: np.ndarray, colours: np.ndarray, opacity: np.ndarray
) -> None:
    picture = Image.fromarray(ids)
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.NEAREST)
    picture.putpalette(colours.reshape(-1).tolist())
    picture.save(path, transparency=opacity.tobytes(), optimize=True)
