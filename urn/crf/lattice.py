"""The permutohedral lattice (Adams, Baek & Davis 2010) of the pixels of an image.

A Gaussian filter over points in d dimensions, in three steps: every point's value is shared among
the d + 1 corners of the lattice simplex around it (splat), the values at the lattice's vertices
are blurred along d + 1 axes, and every point takes its value back from its corners (slice).
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from urn.crf.embedding import EMBED, slot_of
from urn.crf.lanes import LANES, PIXELS

Array = np.ndarray

TILE = 16  # pixels are visited in squares of this side, so that neighbours share cached vertices


class Lattice(NamedTuple):
    """Where the points of a filter lie, for all values that will be filtered.

    Attributes:
        vertices: number of vertices, V.
        corners: N×(d + 1) int32, the vertices around each point.
        weights: N×(d + 1) float32, the point's barycentric coordinates, which sum to one.
        chains: for each axis, an int32 array of the vertices in the order of their neighbourhood
            along it, a V before, between and after the chains. Vertices without neighbours along
            the axis, which its blur does not change, are left out.
        reached: how many vertices the first PIXELS points have around them, twice as many, …;
            vertices are numbered as points come to them.
    """

    vertices: int
    corners: Array
    weights: Array
    chains: tuple[Array, ...]
    reached: Array


def pixel_order(height: int, width: int) -> Array:
    """Indices of an H×W image's pixels (row by row), tile after tile; int32."""
    y, x = np.divmod(np.arange(height * width), width)
    order = np.lexsort((x, y, x // TILE, y // TILE))
    return order.astype(np.int32)


def spatial_features(width: int, order: Array, sxy: float) -> Array:
    """2×N float32: x and y in units of `sxy` pixels."""
    y, x = np.divmod(order, width)
    return np.stack([x, y]).astype(np.float32) / np.float32(sxy)


def bilateral_features(image: Array, order: Array, sxy: float, srgb: float) -> Array:
    """5×N float32: x and y in units of `sxy` pixels, colours in units of `srgb`."""
    features = np.empty((5, len(order)), np.float32)
    _fill_features(image, order, np.float32(sxy), np.float32(srgb), features)
    return features


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_features(
    image: Array, order: Array, sxy: np.float32, srgb: np.float32, features: Array
) -> None:
    for p in range(len(order)):
        y, x = divmod(order[p], image.shape[1])
        features[0, p], features[1, p] = np.float32(x) / sxy, np.float32(y) / sxy
        for channel in range(3):
            features[2 + channel, p] = np.float32(image[y, x, channel]) / srgb


def build_lattice(features: Array) -> Lattice:
    """The lattice around d×N float32 features, which are not negative.

    The standard deviation of the filter is 1 in every feature.

    Raises:
        ValueError: the features reach further than vertices can be numbered: more than
            about 10^18 vertices in their bounding box.
    """
    dimensions, count = features.shape
    corners = dimensions + 1
    i = np.arange(dimensions)
    # Rounded as pydensecrf does: where a point lies on the boundary of two simplices, the last bit
    # decides which vertices there are, and so how far a blur gets.
    spread = np.float32(np.sqrt(2 / 3) * corners)
    scale = (1 / np.sqrt((i + 1) * (i + 2)) * spread).astype(np.float32)

    # A vertex is named by one integer: its coordinates as digits, with room for its neighbours.
    reach = features.max(axis=1) * scale
    lowest = np.floor(-i * np.concatenate([[0], reach[:-1]])) - 3 * corners
    highest = np.ceil(np.cumsum(reach[::-1])[::-1]) + 3 * corners
    sizes = highest - lowest + 1
    if sizes.prod() > 2.0**62:
        raise ValueError(f"kernel widths are too small: features reach {features.max(axis=1)}")
    strides = np.concatenate([[1], np.cumprod(sizes)[:-1]]).astype(np.int64)

    places = np.empty((count, corners), np.int32)
    weights = np.empty((count, corners), np.float32)
    reached = np.empty(-(-count // PIXELS), np.int32)
    if count < LANES:  # less than one vector
        features = np.pad(features, ((0, 0), (0, LANES - count)))
    table, names = EMBED[dimensions](
        features.ravel(),
        scale,
        lowest.astype(np.int64),
        strides,
        places,
        weights,
        reached,
    )
    steps = [
        strides.sum() - (corners * strides[j] if j < dimensions else 0) for j in range(corners)
    ]
    chains = tuple(_chains(table, names, step) for step in steps)
    return Lattice(len(names), places, weights, chains, reached)


@njit(nogil=True, cache=True)
def _chains(table: Array, names: Array, step: int) -> Array:
    """The vertices in chains, each `step` from the one before; see `Lattice`."""
    count = len(names)
    following = np.empty(count, np.int32)
    follows = np.zeros(count, np.bool_)
    for v in range(count):
        following[v] = table[slot_of(table, names, names[v] + step)]
        if following[v] >= 0:
            follows[following[v]] = True
    chains = np.empty(2 * count + 1, np.int32)
    chains[0] = count
    end = 1
    for v in range(count):
        if follows[v] or following[v] < 0:
            continue
        w = np.int32(v)
        while w >= 0:
            chains[end] = w
            end += 1
            w = following[w]
        chains[end] = count
        end += 1
    return chains[:end].copy()


@njit(nogil=True, cache=True)
def filter_ones(vertices: int, corners: Array, weights: Array, chains: tuple[Array, ...]) -> Array:
    """What every point takes back from a lattice if all hold 1; float32 of all points."""
    values = np.zeros(vertices + 2, np.float32)
    for p in range(len(corners)):
        for corner in range(corners.shape[1]):
            values[corners[p, corner]] += weights[p, corner]
    for chain in chains:
        before = current = np.float32(0)
        here = np.int64(vertices)
        for i in range(1, len(chain)):
            there = np.int64(chain[i])
            after = values[there]
            values[here + (here == vertices)] = current + np.float32(0.5) * (before + after)
            before, current, here = current, after, there
    result = np.zeros(len(corners), np.float32)
    for p in range(len(corners)):
        for corner in range(corners.shape[1]):
            result[p] += weights[p, corner] * values[corners[p, corner]]
    return result
