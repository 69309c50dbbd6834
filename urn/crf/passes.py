"""The compiled passes of the Numba backend, which filter some lanes of an array by a lattice.

Rows of pixels are flat float32; a lattice's values have rows of `lanes`, one for each vertex.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from urn.crf.lanes import LANES, PIXELS, Loop, fill, fused_multiply_add, jit, load, store, variant

Array = np.ndarray


class Passes(NamedTuple):
    """The steps of filtering some lanes of an array; see the functions of these names.

    All but `blur` are keyed by the number of corners around a pixel.
    """

    splat: dict[int, Loop]
    blur: Loop
    slice: dict[int, Loop]
    slice_add: dict[int, Loop]


# Outside `_sharing`: Numba does not cache code that refers to a function created at run time.
@njit(inline="always")
def _taken(
    values: Array, p: int, corners: Array, weights: Array, corner_count: int, lanes: int, shift: int
) -> Any:
    """Pixel `p`'s result, interpolated from its corners."""
    row = fill(np.float32(0), lanes)
    for corner in range(corner_count):
        place = np.int64(corners[p, corner]) << shift
        weight = fill(weights[p, corner], lanes)
        row = fused_multiply_add(weight, load(values, place, lanes), row)
    return row


def _sharing(corner_count: int, lanes: int, shift: int) -> tuple[Loop, Loop, Loop]:
    """`splat`, `slice_` and `slice_add` for this number of corners, so that the loops unroll."""

    @jit
    @variant(corner_count, lanes)
    def splat(
        rows: Array, width: int, corners: Array, weights: Array, reached: Array, values: Array
    ) -> None:
        """Distribute the rows of all pixels to their corners.

        `values` has V + 2 rows: row V stays zero, and `blur` discards into row V + 1. Rows are
        zeroed when pixels first reach them, just before they are cached anyway.
        """
        done = np.int64(0)
        for part in range(len(reached)):
            end = np.int64(reached[part]) << shift
            values[done:end] = 0
            done = end
            for p in range(part * PIXELS, min((part + 1) * PIXELS, len(corners))):
                row = load(rows, p * width, lanes)
                for corner in range(corner_count):
                    place = np.int64(corners[p, corner]) << shift
                    sum_ = fused_multiply_add(
                        fill(weights[p, corner], lanes), row, load(values, place, lanes)
                    )
                    store(values, place, sum_)
        values[done:] = 0

    @jit
    @variant(corner_count, lanes)
    def slice_(values: Array, corners: Array, weights: Array, rows: Array, width: int) -> None:
        """Write every pixel's result."""
        for p in range(len(corners)):
            row = _taken(values, p, corners, weights, corner_count, lanes, shift)
            store(rows, p * width, row)

    @jit
    @variant(corner_count, lanes)
    def slice_add(
        values: Array, corners: Array, weights: Array, others: Array, rows: Array, width: int
    ) -> None:
        """Write `others` + every pixel's result."""
        for p in range(len(corners)):
            row = _taken(values, p, corners, weights, corner_count, lanes, shift)
            store(rows, p * width, row + load(others, p * width, lanes))

    return splat, slice_, slice_add


def _passes(lanes: int) -> Passes:
    shift = lanes.bit_length() - 1  # from a vertex to the start of its row
    sharing = {corners: _sharing(corners, lanes, shift) for corners in (3, 6)}
    splat, slice_, slice_add = (
        {corners: loops[step] for corners, loops in sharing.items()} for step in range(3)
    )

    @jit
    @variant(lanes)
    def blur(values: Array, pairs: Array, longer: Array) -> None:
        """Add half of both neighbours along an axis to every vertex, in place; see `Axis`."""
        half = fill(np.float32(0.5), lanes)
        for i in range(0, len(pairs), 2):
            here, there = np.int64(pairs[i]) << shift, np.int64(pairs[i + 1]) << shift
            one, other = load(values, here, lanes), load(values, there, lanes)
            store(values, here, fused_multiply_add(half, other, one))
            store(values, there, fused_multiply_add(half, one, other))
        zeros = np.int64(longer[0]) << shift
        before = current = fill(np.float32(0), lanes)
        here = zeros
        for i in range(1, len(longer)):
            there = np.int64(longer[i]) << shift
            after = load(values, there, lanes)
            place = here + (lanes if here == zeros else 0)
            store(values, place, fused_multiply_add(half, before + after, current))
            before, current, here = current, after, there

    return Passes(splat, blur, slice_, slice_add)


PASSES = {lanes: _passes(lanes) for lanes in (1, 2, 4, LANES)}


def lanes_for(channels: int) -> int:
    """The row width for this number of channels, at most LANES."""
    return min(lanes for lanes in PASSES if lanes >= channels)
