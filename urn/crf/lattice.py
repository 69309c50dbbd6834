"""The permutohedral lattice (Adams, Baek & Davis 2010) of the pixels of an image.

A Gaussian filter over points in d dimensions, in three steps: every point's value is distributed
to the d + 1 corners of the lattice simplex around it (splat), the values at the lattice's vertices
are blurred along d + 1 axes, and every point's result is interpolated from its corners (slice).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from urn.crf.embedding import EMBED, look_up, slot_of
from urn.crf.lanes import LANES, PIXELS

Array = np.ndarray

# Pixels are visited in tiles of this size, so that neighbours share cached vertices.
TILE_HEIGHT, TILE_WIDTH = 8, 16
TOGETHER = 64  # vertices whose neighbours are looked up together


class Axis(NamedTuple):
    """The vertices that a blur along one axis changes: those with a neighbour on it.

    Attributes:
        pairs: int32, vertices two by two that are each other's only neighbour.
        longer: int32, chains of three or more vertices, neighbour after neighbour, with a V before,
            between and after the chains.
    """

    pairs: Array
    longer: Array


class Lattice(NamedTuple):
    """Where the points of a filter lie, whatever the values to be filtered.

    Attributes:
        vertices: number of vertices, V.
        corners: N×(d + 1) int32, the vertices around each point.
        weights: N×(d + 1) float32, the point's barycentric coordinates, which sum to one.
        axes: the axes to blur along, in order.
        reached: number of vertices around the first PIXELS points, the first 2·PIXELS, …; vertices
            are numbered in the order in which points reach them.
    """

    vertices: int
    corners: Array
    weights: Array
    axes: tuple[Axis, ...]
    reached: Array


@lru_cache(4)  # photographs come in a few sizes
def pixel_order(height: int, width: int) -> Array:
    """Indices of an H×W image's pixels (row by row), tile after tile; int32."""
    y, x = np.divmod(np.arange(height * width), width)
    order = np.lexsort((x, y, x // TILE_WIDTH, y // TILE_HEIGHT))
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
        ValueError: the features span too far to number the vertices: more than about 10^18 in
            their bounding box.
    """
    dimensions, count = features.shape
    corners = dimensions + 1
    i = np.arange(dimensions)
    # Rounded as in pydensecrf: for a point on the boundary of two simplices, the last bit decides
    # which vertices exist, and so how far a blur reaches.
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
    axes = tuple(Axis(*_axis(table, names, step)) for step in steps)
    return Lattice(len(names), places, weights, axes, reached)


@njit(nogil=True, cache=True)
def _following(table: Array, names: Array, step: int) -> Array:
    """The vertex one `step` from each; V if there is none."""
    count = len(names)
    following = np.empty(count, np.int32)
    for first in range(0, count, TOGETHER):
        wanted, here = names[first : first + TOGETHER] + step, following[first:]
        look_up(table, names, wanted, len(wanted), here)
        for i in range(len(wanted)):
            if here[i] < -1:
                here[i] = table[slot_of(table, names, wanted[i])]
            here[i] = here[i] if here[i] >= 0 else count
    return following


@njit(nogil=True, cache=True)
def _axis(table: Array, names: Array, step: int) -> tuple[Array, Array]:
    """The chains of vertices one `step` apart; see `Axis`."""
    count = len(names)
    following = _following(table, names, step)
    follows = np.zeros(count + 1, np.bool_)
    for v in range(count):
        follows[following[v]] = True
    # All are written, even if not kept: unpredictable branches would cost more.
    heads, pairs = np.empty(count, np.int32), np.empty(count + 2, np.int32)
    headed = paired = long = 0
    for v in range(count):
        heads[headed] = v
        headed += (following[v] < count) & (not follows[v])
    for i in range(headed):
        v = heads[i]
        w = following[v]
        is_pair = following[w] == count
        pairs[paired], pairs[paired + 1] = v, w
        paired += 2 * is_pair
        heads[long] = v
        long += not is_pair
    longer = np.empty(2 * count + 1, np.int32)
    longer[0], end = count, 1
    for v in heads[:long]:
        w = v
        while w < count:
            longer[end] = w
            end += 1
            w = following[w]
        longer[end] = count
        end += 1
    return pairs[:paired].copy(), longer[:end].copy()
