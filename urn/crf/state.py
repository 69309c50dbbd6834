"""The compiled loops that arrange fields for the Numba backend's passes, and read them back.

With G fields of L labels filtered together, channel l·G + g is label l of field g. Label L − 1 has
no channel: its marginal is 1 minus the others', and its message follows likewise. A state consists
of blocks of LANES channels; in a block, every pixel has a row. The rows of the last block are only
as wide (1, 2, 4 or LANES) as its channels need, if it is the only block or all channels belong to
one field. Flat float32; `width` is that of the last block's rows.
"""

import numpy as np
from numba import njit

from urn.crf.functions import logarithm
from urn.crf.lanes import LANES, PIXELS, fill, jit, load, maximum, minimum, store
from urn.crf.unary import LEAST_PROBABILITY

TOGETHER = 1024  # pixels that `enter` reads together: their rows stay in the second-level cache

Array = np.ndarray


@njit(inline="always")
def _place(channel: int, channels: int, pixels: int, width: int) -> tuple[int, int]:
    """Where a channel of a state begins, and the stride between its pixels."""
    block, lane = divmod(channel, LANES)
    row = LANES if (block + 1) * LANES < channels else width
    return block * pixels * LANES + lane, row


@njit(inline="always")
def _gather(probabilities: Array, order: Array, first: int, number: int, clipped: Array) -> None:
    """Fetch some pixels of one label, clipped as `unary.log_probabilities` does."""
    least, one = np.float32(LEAST_PROBABILITY), np.float32(1)
    for i in range(0, number, LANES):
        start, end = order[first + i], i + LANES
        if end <= number and order[first + end - 1] == start + LANES - 1:  # side by side
            lanes = load(probabilities, start, LANES)
            lanes = minimum(maximum(lanes, fill(least, LANES)), fill(one, LANES))
            store(clipped, i, lanes)
        else:
            for j in range(i, min(end, number)):
                clipped[j] = min(max(probabilities[order[first + j]], least), one)


@njit(inline="always")
def _log(values: Array, logs: Array) -> None:
    for first in range(0, len(values), LANES):
        store(logs, first, logarithm(load(values, first, LANES), LANES))


@jit
def enter(
    probabilities: Array,
    order: Array,
    total_message: Array,
    width: int,
    state: Array,
    advantage: Array,
) -> None:
    """Write the initial marginals of G×L×pixels probabilities, and their advantage.

    `total_message` is, for every pixel, the sum of the messages to its L labels.
    """
    fields, labels, pixels = probabilities.shape
    channels = (labels - 1) * fields
    clipped, logs, share, behind = np.zeros((4, TOGETHER), np.float32)
    for begin in range(0, pixels, TOGETHER):
        number = min(TOGETHER, pixels - begin)
        for field in range(fields):
            share[:] = 0
            for label in range(labels):
                _gather(probabilities[field, label], order, begin, number, clipped)
                for i in range(number):
                    share[i] += clipped[i]
            _log(clipped, behind)  # of label L − 1
            for i in range(number):
                share[i] = np.float32(1) / share[i]
                behind[i] += total_message[begin + i]
            for label in range(labels - 1):
                _gather(probabilities[field, label], order, begin, number, clipped)
                _log(clipped, logs)
                start, row = _place(label * fields + field, channels, pixels, width)
                start += begin * row
                for i in range(number):
                    state[start + i * row] = clipped[i] * share[i]
                    advantage[start + i * row] = logs[i] - behind[i]


@jit
def leave_marginals(state: Array, order: Array, width: int, marginals: Array) -> None:
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
                # Rounding may have made it negative.
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


@jit
def enter_values(values: Array, order: Array, width: int, rows: Array) -> None:
    """Write G×pixels values, at most `width` side by side, as rows of one block."""
    for p in range(len(order)):
        for lane in range(width):
            rows[p * width + lane] = values[lane, order[p]] if lane < len(values) else 0


@jit
def leave_values(rows: Array, order: Array, width: int, values: Array) -> None:
    """Write the rows of one block to G×pixels values."""
    for p in range(len(order)):
        for lane in range(len(values)):
            values[lane, order[p]] = rows[p * width + lane]
