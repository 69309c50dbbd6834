"""The compiled loops of the Numba backend.

With G fields of L labels filtered together, channel l·G + g is label l of field g. Label L − 1 has
no channel: its marginal is what the others leave of one, and so is its message. A state holds
channels LANES at a time, in blocks one after another; in a block, every pixel has a row. The last
block has rows only as wide (1, 2, 4 or LANES) as its channels need, where it is the only one or
all channels are of one field. Flat float32; `width` is that of the last block's rows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from urn.crf.embedding import LANES, PIXELS
from urn.crf.lanes import (
    fill,
    fused_multiply_add,
    lane_sum,
    load,
    maximum,
    minimum,
    nearest,
    store,
    two_to_the,
)

# exp of more or less counts as exp of this: sums stay finite, and products need no denormals.
LARGEST_EXPONENT = np.float32(60)

Array = np.ndarray
Kernel = Callable[..., None]

jit = njit(nogil=True, cache=True, error_model="numpy")


class Passes(NamedTuple):
    """The steps of filtering some lanes of an array; see the functions of these names."""

    splat_spatial: Kernel
    splat_bilateral: Kernel
    blur: Kernel
    slice_bilateral: Kernel
    slice_add_spatial: Kernel


# Not inside `_sharing`: code that refers to a function made anew in every process is not cached.
@njit(inline="always")
def _taken(
    values: Array, p: int, corners: Array, weights: Array, corner_count: int, lanes: int, shift: int
) -> Any:
    """What pixel `p` takes back from its corners."""
    row = fill(np.float32(0), lanes)
    for corner in range(corner_count):
        place = np.int64(corners[p, corner]) << shift
        weight = fill(weights[p, corner], lanes)
        row = fused_multiply_add(weight, load(values, place, lanes), row)
    return row


def _sharing(corner_count: int, lanes: int, shift: int) -> tuple[Kernel, Kernel, Kernel]:
    """`splat`, `slice_` and `slice_add` for lattices of so many corners; the loops unroll."""

    @jit
    def splat(
        rows: Array, width: int, corners: Array, weights: Array, reached: Array, values: Array
    ) -> None:
        """Share the rows of all pixels among their corners.

        `values` has V + 2 rows, of which row V stays zero and row V + 1 takes what `blur` has no
        use for. Rows are zeroed as the pixels reach them, when they are about to be cached anyway.
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
    def slice_(values: Array, corners: Array, weights: Array, rows: Array, width: int) -> None:
        """Write what every pixel takes back."""
        for p in range(len(corners)):
            row = _taken(values, p, corners, weights, corner_count, lanes, shift)
            store(rows, p * width, row)

    @jit
    def slice_add(
        values: Array, corners: Array, weights: Array, others: Array, rows: Array, width: int
    ) -> None:
        """Write `others` + what every pixel takes back."""
        for p in range(len(corners)):
            row = _taken(values, p, corners, weights, corner_count, lanes, shift)
            store(rows, p * width, row + load(others, p * width, lanes))

    return splat, slice_, slice_add


def _passes(lanes: int) -> Passes:
    shift = lanes.bit_length() - 1  # from a vertex to the place of its row
    splat_spatial, _, slice_add_spatial = _sharing(3, lanes, shift)
    splat_bilateral, slice_bilateral, _ = _sharing(6, lanes, shift)

    @jit
    def blur(values: Array, chain: Array) -> None:
        """Add half of both neighbours along one axis to every vertex of `chain`, in place."""
        zeros = np.int64(chain[0]) << shift
        half = fill(np.float32(0.5), lanes)
        before = current = fill(np.float32(0), lanes)
        here = zeros
        for i in range(1, len(chain)):
            there = np.int64(chain[i]) << shift
            after = load(values, there, lanes)
            place = here + (lanes if here == zeros else 0)
            store(values, place, fused_multiply_add(half, before + after, current))
            before, current, here = current, after, there

    return Passes(splat_spatial, splat_bilateral, blur, slice_bilateral, slice_add_spatial)


PASSES = {lanes: _passes(lanes) for lanes in (1, 2, 4, LANES)}


def lanes_for(channels: int) -> int:
    """How wide rows of so many channels, at most LANES, are."""
    return min(lanes for lanes in PASSES if lanes >= channels)


@njit(inline="always")
def _exponential(x: Any, lanes: int) -> Any:
    """exp of lanes that are first held within ±`LARGEST_EXPONENT`; relative error below 2e-7."""
    x = maximum(x, fill(-LARGEST_EXPONENT, lanes))
    x = minimum(x, fill(LARGEST_EXPONENT, lanes))
    whole = nearest(x * fill(np.float32(1 / np.log(2)), lanes))
    # ln 2 in two parts, of which the first has few digits: the products are exact.
    rest = fused_multiply_add(whole, fill(np.float32(-0.693359375), lanes), x)
    rest = fused_multiply_add(whole, fill(np.float32(0.693359375 - np.log(2)), lanes), rest)
    series = fill(np.float32(1 / 720), lanes)
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 120), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 24), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 6), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 2), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1), lanes))
    return series * two_to_the(whole)


# Messages become marginals in place: softmax of `advantage` (log-probabilities less those of label
# L − 1) plus messages less that of label L − 1. What the messages of all labels sum to is known,
# and the same for every field: it has been taken from `advantage`, and the sum over the others is
# added. The score of label L − 1 is the reference: e^0 = 1.


@jit
def meet_alone(state: Array, advantage: Array) -> None:
    """For fields of two labels, each in a lane of a single block."""
    one = fill(np.float32(1), LANES)
    for place in range(0, len(state), LANES):
        message = load(state, place, LANES)
        power = _exponential(message + message + load(advantage, place, LANES), LANES)
        store(state, place, power / (one + power))


@jit
def meet_columns(state: Array, advantage: Array, pixels: int) -> None:
    """For fields whose labels lie in the same lane of different blocks."""
    block = pixels * LANES
    for first in range(0, block, LANES):
        total = fill(np.float32(0), LANES)
        for place in range(first, len(state), block):
            total = total + load(state, place, LANES)
        powers = fill(np.float32(1), LANES)
        for place in range(first, len(state), block):
            score = load(state, place, LANES) + total + load(advantage, place, LANES)
            power = _exponential(score, LANES)
            powers = powers + power
            store(state, place, power)
        for place in range(first, len(state), block):
            store(state, place, load(state, place, LANES) / powers)


@jit
def meet_few(
    state: Array, advantage: Array, pixels: int, width: int, labels: int, fields: int
) -> None:
    """For fields whose labels lie in different lanes of one block, or of a few.

    Sums are taken in the order of `meet_columns`: the results do not depend on the layout.
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
            store(own, place, _exponential(score + load(ahead, place, LANES), LANES))
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


def _meet_many(lanes: int) -> Kernel:
    """`meet_many` for so wide rows of the last block."""

    @jit
    def meet_many(state: Array, advantage: Array, pixels: int) -> None:
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
                power = _exponential(score + load(advantage, place, LANES), LANES)
                total = total + power
                store(state, place, power)
            rest = _exponential(rest + fill(lift, lanes) + load(advantage, end, lanes), lanes)
            share = np.float32(1) / (np.float32(1) + lane_sum(total) + lane_sum(rest))
            for place in range(first, last, block):
                store(state, place, load(state, place, LANES) * fill(share, LANES))
            store(state, end, rest * fill(share, lanes))

    return meet_many


MEET_MANY = {lanes: _meet_many(lanes) for lanes in PASSES}


@njit(inline="always")
def _place(channel: int, channels: int, pixels: int, width: int) -> tuple[int, int]:
    """Where a channel of a state begins, and how far apart its pixels are."""
    block, lane = divmod(channel, LANES)
    row = LANES if (block + 1) * LANES < channels else width
    return block * pixels * LANES + lane, row


@jit
def enter(
    logarithms: Array, order: Array, total_message: Array, width: int, advantage: Array
) -> None:
    """Write G×L×pixels log-probabilities to `advantage`.

    `total_message` is, for every pixel, what the messages to its L labels sum to.
    """
    fields, labels, pixels = logarithms.shape
    for label in range(labels - 1):
        for field in range(fields):
            start, row = _place(label * fields + field, (labels - 1) * fields, pixels, width)
            for p in range(pixels):
                pixel = order[p]
                ahead = logarithms[field, label, pixel] - logarithms[field, labels - 1, pixel]
                advantage[start + p * row] = ahead - total_message[p]


@jit
def begin(total_message: Array, labels: int, channels: int, width: int, state: Array) -> None:
    """Write the messages of pixels that know nothing of each other: all labels get the same.

    Padding keeps its zeros, as sums go over it.
    """
    share = np.float32(1) / np.float32(labels)
    for first in range(0, channels, LANES):
        start, row = _place(first, channels, len(total_message), width)
        used = min(channels - first, LANES)
        for p in range(len(total_message)):
            message = share * total_message[p]
            if used == LANES:
                store(state, start + p * row, fill(message, LANES))
            else:
                for place in range(start + p * row, start + p * row + used):
                    state[place] = message


@jit
def leave(state: Array, order: Array, width: int, marginals: Array) -> None:
    """Write a state of marginals to G×L×pixels."""
    fields, labels, pixels = marginals.shape
    channels = (labels - 1) * fields
    for first in range(0, pixels, PIXELS):
        for field in range(fields):
            for p in range(first, min(first + PIXELS, pixels)):
                rest = np.float32(1)
                for label in range(labels - 1):
                    start, row = _place(label * fields + field, channels, pixels, width)
                    marginal = state[start + p * row]
                    marginals[field, label, order[p]] = marginal
                    rest -= marginal
                # Rounding may have gone below.
                marginals[field, labels - 1, order[p]] = max(rest, np.float32(0))


@jit
def leave_masks(state: Array, order: Array, width: int, labels: int, masks: Array) -> None:
    """Write the likeliest label of a state of marginals to G×pixels; ties go to the lower one."""
    fields, pixels = masks.shape
    channels = (labels - 1) * fields
    for first in range(0, pixels, PIXELS):
        for field in range(fields):
            for p in range(first, min(first + PIXELS, pixels)):
                best, winner, rest = np.float32(-1), 0, np.float32(1)
                for label in range(labels - 1):
                    start, row = _place(label * fields + field, channels, pixels, width)
                    marginal = state[start + p * row]
                    rest -= marginal
                    if marginal > best:
                        best, winner = marginal, label
                masks[field, order[p]] = labels - 1 if rest > best else winner
