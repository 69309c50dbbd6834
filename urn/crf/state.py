"""The compiled loops that lay fields out for the Numba backend's passes, and read them back.

With G fields of L labels filtered together, channel l·G + g is label l of field g. Label L − 1 has
no channel: its marginal is what the others leave of one, and so is its message. A state holds
channels LANES at a time, in blocks one after another; in a block, every pixel has a row. The last
block has rows only as wide (1, 2, 4 or LANES) as its channels need, where it is the only one or
all channels are of one field. Flat float32; `width` is that of the last block's rows.
"""

import numpy as np
from numba import njit

from urn.crf.lanes import LANES, PIXELS, fill, jit, store

Array = np.ndarray


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
