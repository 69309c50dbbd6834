"""Corrections laid over masks and weight masks, which stay as they are where these are 255."""

from pathlib import Path

import numpy as np

from urn.files.images import IGNORE


def correction_of(folder: str | Path | None, image_id: str) -> Path | None:
    """The file of an image's correction; None where it has none, or there is no folder."""
    if folder is None:
        return None
    path = Path(folder) / f"{image_id}.png"
    return path if path.exists() else None


def corrected(mask: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """Class ids with a correction over them; all H×W uint8."""
    return np.where(correction == IGNORE, mask, correction)


def trusted(weight: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """A weight mask, H×W uint8, with full weight, 255, where the correction says something."""
    return np.where(correction == IGNORE, weight, np.uint8(255))
