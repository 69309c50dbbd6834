"""Label Studio's run lengths."""

import numpy as np
import pytest

from urn.files.brush import decode_brush, encode_brush


def bits_of(text):
    """Bytes of a documented string of bits, filled up with zeros."""
    bits = text.replace(" ", "")
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


HEAD = "00111 0010 0011 0111 1111"  # values of 8 bits; counts of 3, 4, 8 and 16
CLEAR, OPAQUE = "00000000", "11111111"


def test_bytes_are_as_documented():
    """Two clear pixels and an opaque one: runs of eight and four values."""
    expected = bits_of(
        f"{12:032b} {HEAD} 1 11 {7:016b} {CLEAR} 1 11 {3:016b} {OPAQUE}",
    )
    assert encode_brush(np.array([[False, False, True]])) == expected


def test_every_kind_of_run_is_read():
    """A count of 3 bits and values one by one, then counts of 4 and 8 bits; the rest is cut off."""
    colour = "00000001"
    data = bits_of(
        f"{16:032b} {HEAD} 0 00 {3:03b} {colour * 3} {OPAQUE} 1 01 {3:04b} {OPAQUE} "
        f"1 10 {199:08b} {CLEAR}"
    )
    assert decode_brush(data, (2, 2)).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
@pytest.mark.parametrize("shape", [(1, 1), (37, 91), (300, 200)])
def test_round_trip(shape, share):
    """In the largest, a run is longer than a count can be."""
    mask = np.random.default_rng(0).random(shape) < share
    np.testing.assert_array_equal(decode_brush(encode_brush(mask), shape), mask)


def test_other_bytes_are_refused():
    data = encode_brush(np.eye(9, dtype=bool))
    with pytest.raises(ValueError, match="cut short"):
        decode_brush(data[:-5], (9, 9))
    with pytest.raises(ValueError, match="not of 8×9 pixels"):
        decode_brush(data, (9, 8))
