"""One image's files as pictures of a sheet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from urn.datasets.index import Entry
from urn.figures.false_pixels import false_pixels
from urn.figures.style import heat, mask_colours
from urn.files.images import read_image, read_made, read_mask
from urn.working_size import nearest

LONGEST = 480  # pixels: sheets show images small


def panel(kind: str, entry: Entry, folder: str | Path = "") -> np.ndarray | None:
    """A picture of an image, its truth or one of its masks, H×W×3 uint8.

    Args:
        kind: `image`; `truth`; `mask`, the class ids in `folder`; `uncertainty`, of the weight
            masks in `folder`; `false`, the false pixels of `mask`.
        entry: the image.
        folder: holds `<image id>.png`.

    Returns:
        None where the truth is asked for and not known.
    """
    match kind:
        case "image":
            return small(read_image(entry.image, "auto"))
        case "mask":
            return mask_colours(small(read_made(Path(folder) / f"{entry.id}.png"), smooth=False))
        case "uncertainty":
            weight = small(read_made(Path(folder) / f"{entry.id}.png"), smooth=False)
            return heat(1 - weight / 255)
    if entry.mask is None:
        return None
    truth = read_mask(entry.mask)
    if kind == "truth":
        return mask_colours(small(truth, smooth=False))
    image = small(read_image(entry.image, "auto"))
    mask = read_made(Path(folder) / f"{entry.id}.png")
    return false_pixels(image, *(nearest(ids, image.shape[:2]) for ids in (mask, truth)))


def masks_of(entries: Sequence[Entry], folders: Sequence[str]) -> list[np.ndarray]:
    """The truths of images, where known, and their masks in folders, small as they are shown."""
    truths = [read_mask(entry.mask) for entry in entries if entry.mask is not None]
    paths = [Path(folder) / f"{entry.id}.png" for folder in folders for entry in entries]
    return [small(mask, smooth=False) for mask in (*truths, *map(read_made, paths))]


def small(picture: np.ndarray, smooth: bool = True) -> np.ndarray:
    """A picture, H×W×3 or H×W uint8, with no side above `LONGEST` pixels."""
    image = Image.fromarray(picture)
    scale = min(1.0, LONGEST / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resampling = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return np.asarray(image.resize(size, resampling))
