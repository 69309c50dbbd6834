"""The compiled softmax of the Numba backend: a state's messages become marginals, in place.

It is taken of `advantage` (log-probabilities less those of label L − 1) plus messages less that of
label L − 1. What the messages of all labels sum to is known, and the same for every field: it has
been taken from `advantage`, and the sum over the others is added. The score of label L − 1 is the
reference: e^0 = 1. How channels lie in a state: see `urn.crf.state`.
"""

from typing import Any

import numpy as np
from numba import njit

from urn.crf.functions import exponential
from urn.crf.lanes import LANES, PIXELS, fill, jit, lane_sum, load, store
from urn.crf.passes import PASSES, Loop

MANY_LABELS = LANES + 1  # from here on a field fills rows of its own

Array = np.ndarray


def marginals_of_messages(
    state: Array, advantage: Array, pixels: int, width: int, labels: int, fields: int
) -> None:
    """Take the softmax by the kernel for this layout; `width` is that of the last block's rows."""
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
    for first in range(0, block, LANES):
        total = fill(np.float32(0), LANES)
        for place in range(first, len(state), block):
            total = total + load(state, place, LANES)
        powers = fill(np.float32(1), LANES)
        for place in range(first, len(state), block):
            score = load(state, place, LANES) + total + load(advantage, place, LANES)
            power = exponential(score, LANES)
            powers = powers + power
            store(state, place, power)
        for place in range(first, len(state), block):
            store(state, place, load(state, place, LANES) / powers)


@jit
def _few(state: Array, advantage: Array, pixels: int, width: int, labels: int, fields: int) -> None:
    """For fields whose labels lie in different lanes of one block, or of a few.

    Sums are taken in the order of `_columns`: the results do not depend on the layout.
    """
    channels = (labels - 1) * fields
    row = -(-channels // LANES) * width
    own, ahead, sums = np.zeros((3, PIXELS * row + LANES), np.float32)
    for first in range(0, pixels, PIXELS):
        number = min(PIXELS, pixels - first)
        _gather(state, first, number, pixels, width, row, own)
        _gather(advantage, first, number, pixels, width, row, ahead)
        for i in range(number):
            _sum_labels(own, i * row, channels, fields, fill(np.float32(0), LANES), sums)
        for place in range(0, number * row, LANES):
            score = load(own, place, LANES) + load(sums, place, LANES)
            store(own, place, exponential(score + load(ahead, place, LANES), LANES))
        for i in range(number):
            _sum_labels(own, i * row, channels, fields, fill(np.float32(1), LANES), sums)
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
    """Bring the rows that some pixels have in all blocks side by side."""
    if row == width:
        for place in range(0, number * width, LANES):
            store(own, place, load(state, first * width + place, LANES))
    else:
        for i in range(number):
            for column in range(0, row, LANES):
                place = column * pixels + (first + i) * LANES
                store(own, i * row + column, load(state, place, LANES))


@njit(inline="always")
def _sum_labels(own: Array, start: int, channels: int, fields: int, sum_: Any, sums: Array) -> None:
    """Add a pixel's channels over the labels to `sum_`, and write it for each of them."""
    for place in range(start, start + channels, fields):
        sum_ = sum_ + load(own, place, LANES)
    # Lanes from `fields` on are void, and overwritten by what follows.
    for place in range(start, start + channels, fields):
        store(sums, place, sum_)


def _many(lanes: int) -> Loop:
    """`many` for so wide rows of the last block."""

    @jit
    def many(state: Array, advantage: Array, pixels: int) -> None:
        """For one field whose labels fill whole rows; padding has an advantage of −∞."""
        block = pixels * LANES
        last = (len(state) - 1) // block * block
        for p in range(pixels):
            first, end = p * LANES, last + p * lanes
            total = fill(np.float32(0), LANES)
            for place in range(first, last, block):
                total = total + load(state, place, LANES)
            rest = load(state, end, lanes)
            lift = lane_sum(total) + lane_sum(rest)
            total = fill(np.float32(0), LANES)
            for place in range(first, last, block):
                score = load(state, place, LANES) + fill(lift, LANES)
                power = exponential(score + load(advantage, place, LANES), LANES)
                total = total + power
                store(state, place, power)
            rest = exponential(rest + fill(lift, lanes) + load(advantage, end, lanes), lanes)
            share = np.float32(1) / (np.float32(1) + lane_sum(total) + lane_sum(rest))
            for place in range(first, last, block):
                store(state, place, load(state, place, LANES) * fill(share, LANES))
            store(state, end, rest * fill(share, lanes))

    return many


MANY = {lanes: _many(lanes) for lanes in PASSES}
