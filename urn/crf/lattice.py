"""The permutohedral lattice (Adams, Baek & Davis 2010) of the pixels of an image.

A Gaussian filter over points in d dimensions, in three steps: every point's value is shared among
the d + 1 corners of the lattice simplex around it (splat), the values at the lattice's vertices
are blurred along d + 1 axes, and every point takes its value back from its corners (slice).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

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
    """

    vertices: int
    corners: np.ndarray
    weights: np.ndarray
    chains: tuple[np.ndarray, ...]


def pixel_order(height: int, width: int) -> np.ndarray:
    """Indices of an H×W image's pixels (row by row), tile after tile; int32."""
    y, x = np.divmod(np.arange(height * width), width)
    order = np.lexsort((x, y, x // TILE, y // TILE))
    return order.astype(np.int32)


def spatial_features(width: int, order: np.ndarray, sxy: float) -> np.ndarray:
    """N×2 float32: x and y in units of `sxy` pixels."""
    y, x = np.divmod(order, width)
    return np.stack([x, y], axis=1).astype(np.float32) / np.float32(sxy)


def bilateral_features(image: np.ndarray, order: np.ndarray, sxy: float, srgb: float) -> np.ndarray:
    """N×5 float32: x and y in units of `sxy` pixels, colours in units of `srgb`."""
    colours = image.reshape(-1, 3)[order].astype(np.float32) / np.float32(srgb)
    return np.hstack([spatial_features(image.shape[1], order, sxy), colours])


def build_lattice(features: np.ndarray) -> Lattice:
    """The lattice around N×d float32 features, which are not negative.

    The standard deviation of the filter is 1 in every feature.

    Raises:
        ValueError: the features reach further than vertices can be numbered: more than
            about 10^18 vertices in their bounding box.
    """
    count, dimensions = features.shape
    corners = dimensions + 1
    i = np.arange(dimensions)
    # Rounded as pydensecrf does: where a point lies on the boundary of two simplices, the last bit
    # decides which vertices there are, and so how far a blur gets.
    spread = np.float32(np.sqrt(2 / 3) * corners)
    scale = (1 / np.sqrt((i + 1) * (i + 2)) * spread).astype(np.float32)

    # A vertex is named by one integer: its coordinates as digits, with room for its neighbours.
    reach = features.max(axis=0) * scale
    lowest = np.floor(-i * np.concatenate([[0], reach[:-1]])) - 3 * corners
    highest = np.ceil(np.cumsum(reach[::-1])[::-1]) + 3 * corners
    sizes = highest - lowest + 1
    if sizes.prod() > 2.0**62:
        raise ValueError(f"kernel widths are too small: features reach {features.max(axis=0)}")
    strides = np.concatenate([[1], np.cumprod(sizes)[:-1]]).astype(np.int64)

    places = np.empty((count, corners), np.int32)
    weights = np.empty((count, corners), np.float32)
    keys, ids, names = EMBED[dimensions](
        features, scale, lowest.astype(np.int64), strides, places, weights
    )
    steps = [
        strides.sum() - (corners * strides[j] if j < dimensions else 0) for j in range(corners)
    ]
    chains = tuple(_chains(keys, ids, names, step) for step in steps)
    return Lattice(len(names), places, weights, chains)


@njit(nogil=True, cache=True)
def _slot(keys: np.ndarray, key: int) -> np.int64:
    """Where `key` is in a hash table whose empty slots hold −1, or where it belongs."""
    mask = np.uint64(len(keys) - 1)
    slot = ((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(24)) & mask
    while keys[slot] != key and keys[slot] >= 0:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


def _embedding(dimensions: int) -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """`embed` for so many features; its loops over them unroll."""
    corners = dimensions + 1

    @njit(nogil=True, cache=True)
    def embed(
        features: np.ndarray,
        scale: np.ndarray,
        lowest: np.ndarray,
        strides: np.ndarray,
        places: np.ndarray,
        weights: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fill in the corners and weights of all points; return the hash table and vertex names."""
        count = len(features)
        size = 1 << 12
        keys, ids = np.full(size, np.int64(-1)), np.empty(size, np.int32)
        names = np.empty(size // 2, np.int64)
        found = 0
        elevated, base = np.empty(corners, np.float32), np.empty(corners, np.float32)
        rank = np.empty(corners, np.int32)
        coordinates = np.empty(corners + 1, np.float32)
        falls, rise = np.empty(corners, np.int64), strides.sum()
        previous = np.full(corners, np.int64(-1))
        up, down = np.float32(corners), np.float32(1) / np.float32(corners)
        for p in range(count):
            if found + corners > size // 2:  # half full: twice the table
                size *= 2
                keys, ids = np.full(size, np.int64(-1)), np.empty(size, np.int32)
                for v in range(found):
                    slot = _slot(keys, names[v])
                    keys[slot], ids[slot] = names[v], v
                longer = np.empty(size // 2, np.int64)
                longer[:found] = names[:found]
                names = longer

            # Onto the hyperplane in which coordinates sum to zero.
            total = np.float32(0)
            for j in range(dimensions, 0, -1):
                scaled = features[p, j - 1] * scale[j - 1]
                elevated[j] = total - np.float32(j) * scaled
                total += scaled
            elevated[0] = total
            # The nearest vertex whose coordinates are multiples of d + 1, and the order of the
            # distances from it, which tells the simplex.
            excess = 0
            for i in range(corners):
                whole = np.rint(down * elevated[i])
                base[i] = whole * up
                excess += int(whole)
                rank[i] = 0
            for i in range(dimensions):
                for j in range(i + 1, corners):
                    nearer = np.int32(elevated[i] - base[i] < elevated[j] - base[j])
                    rank[i] += nearer  # no branch: which way it goes is anyone's guess
                    rank[j] += 1 - nearer
            for i in range(corners):
                rank[i] += excess
                if rank[i] < 0:
                    rank[i] += corners
                    base[i] += up
                elif rank[i] > dimensions:
                    rank[i] -= corners
                    base[i] -= up

            coordinates[:] = 0
            origin = np.int64(0)
            for i in range(corners):
                offset = (elevated[i] - base[i]) * down
                coordinates[dimensions - rank[i]] += offset
                coordinates[corners - rank[i]] -= offset
                if i < dimensions:
                    origin += (np.int64(base[i]) - lowest[i]) * strides[i]
                falls[rank[i]] = corners * strides[i] if i < dimensions else 0
            coordinates[0] += np.float32(1) + coordinates[corners]

            # From corner to corner, one coordinate falls by d and all others rise by 1.
            key = origin
            for corner in range(corners):
                if corner > 0:
                    key += rise - falls[corners - corner]
                if key == previous[corner]:  # as often among neighbours
                    places[p, corner] = places[p - 1, corner]
                else:
                    previous[corner] = key
                    slot = _slot(keys, key)
                    if keys[slot] < 0:
                        keys[slot], ids[slot], names[found] = key, found, key
                        found += 1
                    places[p, corner] = ids[slot]
                weights[p, corner] = coordinates[corner]
        return keys, ids, names[:found].copy()

    return embed


EMBED = {dimensions: _embedding(dimensions) for dimensions in (2, 5)}


@njit(nogil=True, cache=True)
def _chains(keys: np.ndarray, ids: np.ndarray, names: np.ndarray, step: int) -> np.ndarray:
    """The vertices in chains, each `step` from the one before; see `Lattice`."""
    count = len(names)
    following = np.empty(count, np.int32)
    follows = np.zeros(count, np.bool_)
    for v in range(count):
        slot = _slot(keys, names[v] + step)
        following[v] = ids[slot] if keys[slot] >= 0 else -1
        if keys[slot] >= 0:
            follows[ids[slot]] = True
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
def filter_ones(
    vertices: int, corners: np.ndarray, weights: np.ndarray, chains: tuple[np.ndarray, ...]
) -> np.ndarray:
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
