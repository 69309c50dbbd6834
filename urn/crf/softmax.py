"""The compiled softmax of the Numba backend: a state's messages become marginals, in place.

A label's score is its `advantage` (its log-probability minus that of label L − 1) plus its message
minus that of label L − 1, so label L − 1 has score 0. Its message follows from the sum of all
messages, which is known and equal for all fields: `advantage` already has this sum subtracted, and
the sum over the other labels is added here. `urn.crf.state` describes the layout of a state.
"""

from typing import Any

import numpy as np
from numba import njit

from urn.crf.functions import exponential
from urn.crf.lanes import LANES, PIXELS, Loop, fill, jit, lane_sum, load, store, variant
from urn.crf.passes import PASSES

AT_ONCE = 8  # pixels that take each step of `many` together, so that none waits for another's sums
MANY_LABELS = LANES + 1  # from this many on a field has rows of its own

Array = np.ndarray


def marginals_of_messages(
    state: Array, advantage: Array, pixels: int, width: int, labels: int, fields: int
) -> None:
    """Apply the softmax for this layout; `width` is that of the last block's rows."""
    if labels == 2:
        _alone(state, advantage)
    elif labels >= MANY_LABELS:
        MANY[width](state, advantage, pixels)
    elif fields == LANES:
        _columns(state, advantage, pixels)
    else:
        _few(state, advantage, pixels, width, labels, fields)


@jit
def _alone(state: Array, advantage: Array) -> None:
    """For fields of two labels, each in a lane of a single block."""
    one = fill(np.float32(1), LANES)
    for place in range(0, len(state), LANES):
        message = load(state, place, LANES)
        power = exponential(message + message + load(advantage, place, LANES), LANES)
        store(state, place, power / (one + power))


@jit
def _columns(state: Array, advantage: Array, pixels: int) -> None:
    """For fields whose labels lie in the same lane of different blocks."""
    block = pixels * LANES
    blocks = len(state) // block
    for first in range(0, block, LANES):
        total = fill(np.float32(0), LANES)
        for i in range(blocks):
            total = total + load(state, first + i * block, LANES)
        powers = fill(np.float32(1), LANES)
        for i in range(blocks):
            place = first + i * block
            score = load(state, place, LANES) + total + load(advantage, place, LANES)
            power = exponential(score, LANES)
            powers = powers + power
            store(state, place, power)
        for i in range(blocks):
            place = first + i * block
            store(state, place, load(state, place, LANES) / powers)


@jit
def _few(state: Array, advantage: Array, pixels: int, width: int, labels: int, fields: int) -> None:
    """For fields whose labels lie in different lanes of one block, or of a few.

    Sums are taken in the order of `_columns`, so that results do not depend on the layout.
    """
    channels = (labels - 1) * fields
    row = -(-channels // LANES) * width
    own, ahead, sums = np.zeros((3, PIXELS * row + LANES), np.float32)
    for first in range(0, pixels, PIXELS):
        number = min(PIXELS, pixels - first)
        _gather(state, first, number, pixels, width, row, own)
        _gather(advantage, first, number, pixels, width, row, ahead)
        for i in range(number):
            _sum_labels(own, i * row, labels - 1, fields, fill(np.float32(0), LANES), sums)
        for place in range(0, number * row, LANES):
            score = load(own, place, LANES) + load(sums, place, LANES)
            store(own, place, exponential(score + load(ahead, place, LANES), LANES))
        for i in range(number):
            _sum_labels(own, i * row, labels - 1, fields, fill(np.float32(1), LANES), sums)
        for place in range(0, number * row, LANES):
            store(own, place, load(own, place, LANES) / load(sums, place, LANES))
        if row == width:
            for place in range(0, number * width, LANES):
                store(state, first * width + place, load(own, place, LANES))
        else:
            for i in range(number):
                for column in range(0, row, LANES):
                    place = column * pixels + (first + i) * LANES
                    store(state, place, load(own, i * row + column, LANES))


@njit(inline="always")
def _gather(
    state: Array, first: int, number: int, pixels: int, width: int, row: int, own: Array
) -> None:
    """Copy the rows of some pixels in all blocks next to each other."""
    if row == width:
        for place in range(0, number * width, LANES):
            store(own, place, load(state, first * width + place, LANES))
    else:
        for i in range(number):
            for column in range(0, row, LANES):
                place = column * pixels + (first + i) * LANES
                store(own, i * row + column, load(state, place, LANES))


@njit(inline="always")
def _sum_labels(own: Array, start: int, labels: int, fields: int, sum_: Any, sums: Array) -> None:
    """Add a pixel's channels over the labels to `sum_`, and write it for each of them."""
    for label in range(labels):
        sum_ = sum_ + load(own, start + label * fields, LANES)
    # Lanes from `fields` on are invalid, and overwritten below.
    for label in range(labels):
        store(sums, start + label * fields, sum_)


@njit(inline="always")
def _sum_lanes(state: Array, p: int, pixels: int, blocks: int, lanes: int) -> Any:
    """Of a pixel's rows in all blocks, before a last one of so many lanes, and in that one."""
    total = fill(np.float32(0), LANES)
    for i in range(blocks):
        total = total + load(state, (i * pixels + p) * LANES, LANES)
    rest = load(state, blocks * pixels * LANES + p * lanes, lanes)
    return lane_sum(total) + lane_sum(rest)


def _many(lanes: int) -> Loop:
    """`many` for this width of the last block's rows."""

    @jit
    @variant(lanes)
    def many(state: Array, advantage: Array, pixels: int) -> None:
        """For one field whose labels fill whole rows; padding has an advantage of −∞."""
        blocks = (len(state) - 1) // (pixels * LANES)  # before the last one
        last = blocks * pixels * LANES
        lifts = np.empty(AT_ONCE, np.float32)
        for begin in range(0, pixels, AT_ONCE):
            end = min(begin + AT_ONCE, pixels)
            for p in range(begin, end):
                lifts[p - begin] = _sum_lanes(state, p, pixels, blocks, lanes)
            for i in range(blocks):
                for p in range(begin, end):
                    place = (i * pixels + p) * LANES
                    score = load(state, place, LANES) + fill(lifts[p - begin], LANES)
                    power = exponential(score + load(advantage, place, LANES), LANES)
                    store(state, place, power)
            for p in range(begin, end):
                place = last + p * lanes
                score = load(state, place, lanes) + fill(lifts[p - begin], lanes)
                store(state, place, exponential(score + load(advantage, place, lanes), lanes))
            for p in range(begin, end):
                powers = np.float32(1) + _sum_lanes(state, p, pixels, blocks, lanes)
                share = np.float32(1) / powers
                for i in range(blocks):
                    place = (i * pixels + p) * LANES
                    store(state, place, load(state, place, LANES) * fill(share, LANES))
                place = last + p * lanes
                store(state, place, load(state, place, lanes) * fill(share, lanes))

    return many


MANY = {lanes: _many(lanes) for lanes in PASSES}
