"""exp and log of short vectors."""

from typing import Any

import numpy as np
from numba import njit

from urn.crf.lanes import (
    exponent_of,
    fill,
    fused_multiply_add,
    maximum,
    minimum,
    nearest,
    two_to_the,
)

# Arguments of exp are clipped to ± this: sums stay finite, and products never become denormal.
LARGEST_EXPONENT = np.float32(60)

# ln 2 in two parts; the first has few digits, so that its products with integers are exact.
LN_2, REST_OF_LN_2 = np.float32(0.693359375), np.float32(np.log(2) - 0.693359375)


@njit(inline="always")
def exponential(x: Any, lanes: int) -> Any:
    """exp of lanes clipped to ±`LARGEST_EXPONENT`; relative error below 3e-7."""
    x = maximum(x, fill(-LARGEST_EXPONENT, lanes))
    x = minimum(x, fill(LARGEST_EXPONENT, lanes))
    whole = nearest(x * fill(np.float32(1 / np.log(2)), lanes))
    rest = fused_multiply_add(whole, fill(-LN_2, lanes), x)
    rest = fused_multiply_add(whole, fill(-REST_OF_LN_2, lanes), rest)
    series = fill(np.float32(1 / 720), lanes)
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 120), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 24), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 6), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1 / 2), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1), lanes))
    series = fused_multiply_add(series, rest, fill(np.float32(1), lanes))
    return series * two_to_the(whole)


@njit(inline="always")
def logarithm(x: Any, lanes: int) -> Any:
    """log of lanes that are positive and not denormal; relative error below 3e-7."""
    one = fill(np.float32(1), lanes)
    exponent = exponent_of(x)
    x = x * two_to_the(fill(np.float32(0), lanes) - exponent)
    # Twice the area tangent of (x − 1) / (x + 1), which is within ±0.172.
    slope = (x - one) / (x + one)
    square = slope * slope
    series = fill(np.float32(2 / 9), lanes)
    series = fused_multiply_add(series, square, fill(np.float32(2 / 7), lanes))
    series = fused_multiply_add(series, square, fill(np.float32(2 / 5), lanes))
    series = fused_multiply_add(series, square, fill(np.float32(2 / 3), lanes))
    series = fused_multiply_add(series, square, fill(np.float32(2), lanes))
    rest = fused_multiply_add(exponent, fill(REST_OF_LN_2, lanes), series * slope)
    return fused_multiply_add(exponent, fill(LN_2, lanes), rest)
