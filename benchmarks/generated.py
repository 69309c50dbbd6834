"""Photograph-sized images with masks, where no photographs are at hand."""

from pathlib import Path

import numpy as np
from PIL import Image

from urn.datasets.shapes import write_shapes
from urn.files.images import read_image, read_mask, write_mask
from urn.working_size import enlarge_labels


def write_photographs(folder: Path, number: int, size: tuple[int, int] = (375, 500)) -> None:
    """Write scenes of the `shapes` dataset, enlarged to H×W `size` with noise, in VOC's layout."""
    write_shapes(folder, train=number, val=0)
    for seed, path in enumerate(sorted((folder / "JPEGImages").iterdir())):
        scene = Image.fromarray(read_image(path)).resize(size[::-1], Image.Resampling.BICUBIC)
        noise = np.random.default_rng(seed).normal(0, 6, (*size, 3))
        Image.fromarray((scene + noise).clip(0, 255).astype(np.uint8)).save(path, quality=92)
        mask = folder / "SegmentationClass" / f"{path.stem}.png"
        write_mask(mask, enlarge_labels(read_mask(mask), size))
