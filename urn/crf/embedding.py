"""Find the vertices of the permutohedral lattice around points, 8 points at a time."""

from collections.abc import Callable

import numpy as np
from numba import njit

from urn.crf.lanes import (
    LANES,
    PIXELS,
    equal,
    fill,
    fused_multiply_add,
    less,
    load,
    nearest,
    store,
    variant,
)

Array = np.ndarray


@njit(inline="always")
def _first_slot(table: Array, name: int) -> np.int64:
    """Where a search in a hash table of vertices begins.

    Empty slots hold −1. Three of four are empty: collisions cost more than a larger table.
    """
    mask = np.uint64(len(table) - 1)
    return np.int64(((np.uint64(name) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(24)) & mask)


@njit(nogil=True, cache=True)
def slot_of(table: Array, names: Array, name: int) -> np.int64:
    """The slot of the vertex with this name in a hash table, or the slot where it belongs."""
    slot = _first_slot(table, name)
    while table[slot] >= 0 and names[table[slot]] != name:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@njit(inline="always")
def look_up(table: Array, names: Array, wanted: Array, number: int, vertices: Array) -> None:
    """Write the vertices of some names; −1 if there is none, −2 if the search must continue.

    There is no branch, so no search waits for another's memory access.
    """
    for i in range(number):
        vertices[i] = table[_first_slot(table, wanted[i])]
    for i in range(number):
        found = vertices[i]
        other = -1 if found < 0 else -2
        vertices[i] = found if names[max(found, 0)] == wanted[i] else other


@njit(inline="always")
def _locate(
    features: Array,
    stride: int,
    first: int,
    dimensions: int,
    scale: Array,
    base: Array,
    rank: Array,
    near: Array,
    scratch: Array,
) -> None:
    """The simplices around the points from `first` on, one lane per point.

    Written are to `base` the coordinates of the simplex's first corner, to `rank` the order in
    which coordinates fall on the way around the corners, and to `near` the barycentric weights.
    """
    corners = dimensions + 1
    elevated, gap, falling = scratch
    up, down = np.float32(corners), np.float32(1) / np.float32(corners)
    zero, one = fill(np.float32(0), LANES), fill(np.float32(1), LANES)
    # Onto the hyperplane in which coordinates sum to zero.
    total = zero
    for j in range(dimensions, 0, -1):
        scaled = load(features, (j - 1) * stride + first, LANES) * fill(scale[j - 1], LANES)
        store(elevated, j * LANES, total - fill(np.float32(j), LANES) * scaled)
        total = total + scaled
    store(elevated, 0, total)
    # The nearest vertex whose coordinates are multiples of d + 1; the order of the distances from
    # it identifies the simplex.
    excess = zero
    for i in range(corners):
        coordinate = load(elevated, i * LANES, LANES)
        whole = nearest(fill(down, LANES) * coordinate)
        excess = excess + whole
        whole = whole * fill(up, LANES)
        store(base, i * LANES, whole)
        store(gap, i * LANES, coordinate - whole)
        store(rank, i * LANES, zero)
    for i in range(dimensions):
        for j in range(i + 1, corners):
            nearer = less(load(gap, i * LANES, LANES), load(gap, j * LANES, LANES))
            store(rank, i * LANES, load(rank, i * LANES, LANES) + nearer)
            store(rank, j * LANES, load(rank, j * LANES, LANES) + (one - nearer))
    for i in range(corners):
        place = load(rank, i * LANES, LANES) + excess
        wrap = less(place, zero) - less(fill(np.float32(dimensions), LANES), place)
        wrap = wrap * fill(up, LANES)
        store(rank, i * LANES, place + wrap)
        whole = load(base, i * LANES, LANES) + wrap
        store(base, i * LANES, whole)
        distance = load(elevated, i * LANES, LANES) - whole
        store(gap, i * LANES, distance * fill(down, LANES))
    for i in range(corners):
        distance = zero
        for j in range(corners):
            here = equal(load(rank, j * LANES, LANES), fill(np.float32(i), LANES))
            distance = fused_multiply_add(here, load(gap, j * LANES, LANES), distance)
        store(falling, (dimensions - i) * LANES, distance)
    beyond = load(falling, dimensions * LANES, LANES) - one
    for i in range(corners):
        distance = load(falling, i * LANES, LANES)
        store(near, i * LANES, distance - beyond)
        beyond = distance


def _embedding(dimensions: int) -> Callable[..., tuple[Array, Array]]:
    """`embed` for this number of features, so that its loops over them unroll."""
    corners = dimensions + 1

    @njit(nogil=True, cache=True)
    @variant(dimensions)
    def embed(
        features: Array,
        scale: Array,
        lowest: Array,
        strides: Array,
        places: Array,
        weights: Array,
        reached: Array,
    ) -> tuple[Array, Array]:
        """Fill in the fields of `Lattice` with these names; return hash table and vertex names.

        Features are flat, one feature after another, of at least LANES points.
        """
        names = np.zeros(1 << 12, np.int64)
        table = np.full(4 * len(names), np.int32(-1))
        found = 0
        count, stride = len(places), len(features) // dimensions
        base, rank, near = np.empty((3, corners * LANES), np.float32)
        scratch = np.empty((3, corners * LANES), np.float32)
        falls, rise = np.empty(corners, np.int64), strides.sum()
        origin = (lowest * strides).sum()
        wanted, vertices = np.empty(PIXELS * corners, np.int64), places.ravel()
        for begin in range(0, count, PIXELS):
            end, i = min(begin + PIXELS, count), 0
            for p in range(begin, end):
                first = min(p // LANES * LANES, stride - LANES)  # the last vector reaches back
                if p % LANES == 0:
                    _locate(features, stride, first, dimensions, scale, base, rank, near, scratch)
                lane = p - first
                name = -origin
                for j in range(dimensions):
                    name += np.int64(base[j * LANES + lane]) * strides[j]
                    falls[np.int64(rank[j * LANES + lane])] = corners * strides[j]
                falls[np.int64(rank[dimensions * LANES + lane])] = 0
                # From corner to corner, one coordinate falls by d and all others rise by 1.
                for corner in range(corners):
                    if corner > 0:
                        name += rise - falls[corners - corner]
                    wanted[i] = name
                    i += 1
                    weights[p, corner] = near[corner * LANES + lane]
            if found + len(wanted) > len(names):
                names = np.append(names, np.zeros(3 * len(names), np.int64))
                table = np.full(4 * len(names), np.int32(-1))
                for v in range(found):
                    table[slot_of(table, names, names[v])] = v
            here = vertices[begin * corners :]
            look_up(table, names, wanted, i, here)
            for k in range(i):
                if here[k] < 0:
                    slot = slot_of(table, names, wanted[k])
                    if table[slot] < 0:
                        table[slot], names[found] = found, wanted[k]
                        found += 1
                    here[k] = table[slot]
            reached[begin // PIXELS] = found
        return table, names[:found].copy()

    return embed


EMBED = {dimensions: _embedding(dimensions) for dimensions in (2, 5)}
