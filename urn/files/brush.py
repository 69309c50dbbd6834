"""Label Studio's run-length encoding of a brush's mask, by the documented format of its converter.

A string of bits, the highest of each number first: 32 for how many values follow, 5 for the bits of
a value − 1, and four times 4 for the bits − 1 of the four kinds of counts. Then come runs, each a
bit, 2 bits that say which kind its count − 1 is of, the count − 1, and values: one for all if the
bit is 1, else one for each. The values are the channels red, green, blue and opacity of the pixels,
row by row; the mask is the opacity.
"""

from collections.abc import Sequence

import numpy as np

SERVED = "/data/local-files/?d="  # before the path of an image on its server's disk
VALUE = 8  # bits
COUNTS = (3, 4, 8, 16)  # bits
LONGEST = 1 << COUNTS[-1]
CHANNELS = 4


def encode_brush(mask: np.ndarray) -> list[int]:
    """Bytes of an H×W bool mask."""
    values = mask.ravel()
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    lengths = CHANNELS * np.diff(np.r_[starts, values.size])
    parts = -(-lengths // LONGEST)  # a longer run is written in several
    opacities = np.repeat(255 * values[starts].astype(np.int64), parts)
    counts = np.full(parts.sum(), LONGEST)
    counts[np.cumsum(parts) - 1] = lengths - LONGEST * (parts - 1)
    runs = ((0b111 << COUNTS[-1] | (counts - 1)) << VALUE) | opacities
    head = [(CHANNELS * values.size, 32), (VALUE - 1, 5), *((bits - 1, 4) for bits in COUNTS)]
    bits = [_bits(np.array([number]), width) for number, width in head]
    bits.append(_bits(runs, 3 + COUNTS[-1] + VALUE))
    found: list[int] = np.packbits(np.concatenate(bits)).tolist()
    return found


def _bits(numbers: np.ndarray, width: int) -> np.ndarray:
    return ((numbers[:, None] >> np.arange(width - 1, -1, -1)) & 1).astype(np.uint8).ravel()


def decode_brush(data: Sequence[int], shape: tuple[int, int]) -> np.ndarray:
    """The H×W bool mask of such bytes: where the opacity is at least half.

    Raises:
        ValueError: they are cut short, or are of an image of another size.
    """
    bits = "".join(f"{byte:08b}" for byte in bytes(data))
    place = 0

    def number(width: int) -> int:
        nonlocal place
        place += width
        if place > len(bits):
            raise ValueError("its run lengths are cut short")
        return int(bits[place - width : place], 2)

    total, value_bits = number(32), number(5) + 1
    kinds = [number(4) + 1 for _ in range(4)]
    if total != CHANNELS * shape[0] * shape[1]:
        raise ValueError(f"its run lengths are not of {shape[1]}×{shape[0]} pixels")
    values = np.zeros(total, np.uint8)
    done = 0
    while done < total:
        repeated, count = number(1), number(kinds[number(2)]) + 1
        if repeated:
            values[done : done + count] = number(value_bits)
        else:
            values[done : done + count] = [number(value_bits) for _ in range(count)][: total - done]
        done += count
    return values.reshape(*shape, CHANNELS)[..., 3] >= 128
