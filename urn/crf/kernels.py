"""The Gaussian kernels of the Numba backend: normalised and weighted, ready to filter an image."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from urn.crf.lanes import LANES
from urn.crf.lattice import (
    TILE_HEIGHT,
    Lattice,
    bilateral_features,
    build_lattice,
    pixel_order,
    spatial_features,
)
from urn.crf.passes import PASSES

CACHE = 5 << 19  # bytes: what a core can expect to keep in a cache that it shares


class Part(NamedTuple):
    """Some consecutive pixels, and what a kernel needs to filter them.

    Attributes:
        start: the first pixel's place.
        lattice: of the pixels. Splat and slice use the same weights, so each brings the square
            root of the kernel's weight and one side of the symmetric normalisation.
        own: the pixels whose result this part gives; the others only contribute to it.
    """

    start: int
    lattice: Lattice
    own: slice


class Kernel(NamedTuple):
    """A Gaussian filter over the pixels of an image, normalised and weighted.

    Attributes:
        parts: every pixel is the own pixel of one part.
        received: the filter's result at every pixel if all pixels hold 1.
    """

    parts: tuple[Part, ...]
    received: np.ndarray


@lru_cache(4)
def spatial_kernel(height: int, width: int, sxy: float, weight: float) -> Kernel:
    """The kernel on position, which depends on the size of the image alone.

    Its reach is short. So if the values at all vertices exceed the cache, the image is filtered in
    bands, each together with the pixels that reach it.
    """
    features = spatial_features(width, pixel_order(height, width), sxy)
    whole = _kernel(build_lattice(features), weight)
    ((_, lattice, _),) = whole.parts
    # To the corners, along the axes and back: at most 1, 2 and 1 standard deviations.
    halo = _whole_tiles(4 * sxy)
    rows = _whole_tiles(height * CACHE / (lattice.vertices * LANES * np.float32().nbytes))
    if rows >= height or rows < 4 * halo:
        return whole
    parts = []
    for top in range(0, height, rows):
        start, stop = max(top - halo, 0) * width, min(top + rows + halo, height) * width
        band = build_lattice(features[:, start:stop])._replace(weights=lattice.weights[start:stop])
        own = slice(top * width - start, min(top + rows, height) * width - start)
        parts.append(Part(start, band, own))
    return Kernel(tuple(parts), whole.received)


def bilateral_kernel(image: np.ndarray, sxy: float, srgb: float, weight: float) -> Kernel:
    """The kernel on position and colour; in one part, as its reach is long."""
    order = pixel_order(*image.shape[:2])
    return _kernel(build_lattice(bilateral_features(image, order, sxy, srgb)), weight)


def blurred(
    lattice: Lattice, rows: np.ndarray, row: int, lanes: int, values: np.ndarray
) -> np.ndarray:
    """Splat and blur the first `lanes` of the pixels' rows, in the memory of `values`."""
    splat, blur = PASSES[lanes].splat[lattice.corners.shape[1]], PASSES[lanes].blur
    values = values[: (lattice.vertices + 2) * lanes]
    splat(rows, row, lattice.corners, lattice.weights, lattice.reached, values)
    for axis in lattice.axes:
        blur(values, *axis)
    return values


def _kernel(lattice: Lattice, weight: float) -> Kernel:
    """A kernel of one part; the lattice's weights are multiplied by its own, in place."""
    pixels, corners = lattice.corners.shape
    gain = np.float32(1 / (1 + 2.0 ** (1 - corners)))  # compensates the loss by blurring
    factors = np.float32(weight) * gain / (gain * _filter_ones(lattice) + np.float32(1e-20))
    np.multiply(lattice.weights, np.sqrt(factors)[:, None], out=lattice.weights)
    return Kernel((Part(0, lattice, slice(0, pixels)),), _filter_ones(lattice))


def _filter_ones(lattice: Lattice) -> np.ndarray:
    """The filter's result at every pixel if all pixels hold 1."""
    pixels, corners = lattice.corners.shape
    ones, answers = np.ones((2, pixels), np.float32)
    values = blurred(lattice, ones, 1, 1, np.empty(lattice.vertices + 2, np.float32))
    PASSES[1].slice[corners](values, lattice.corners, lattice.weights, answers, 1)
    return answers


def _whole_tiles(rows: float) -> int:
    return math.ceil(rows / TILE_HEIGHT) * TILE_HEIGHT
