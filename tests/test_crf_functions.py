"""exp and log of the Numba backend's short vectors."""

import numpy as np
import pytest
from numba import njit

from urn.crf.functions import LARGEST_EXPONENT, exponential, logarithm
from urn.crf.lanes import LANES, load, store


@njit
def exponentials(values, result):
    for first in range(0, len(values), LANES):
        store(result, first, exponential(load(values, first, LANES), LANES))


@njit
def logarithms(values, result):
    for first in range(0, len(values), LANES):
        store(result, first, logarithm(load(values, first, LANES), LANES))


def of(function, values):
    result = np.empty_like(values)
    function(values, result)
    return result


def test_exponential():
    values = np.linspace(-60, 60, 80_000).astype(np.float32)
    np.testing.assert_allclose(
        of(exponentials, values), np.exp(values.astype(np.float64)), rtol=3e-7
    )


@pytest.mark.parametrize("sign", [-1, 1])
def test_exponential_is_bounded(sign):
    beyond = np.full(LANES, sign * 1e30, np.float32)
    expected = np.exp(np.float64(sign * LARGEST_EXPONENT))
    np.testing.assert_allclose(of(exponentials, beyond), expected, rtol=3e-7)


def test_logarithm():
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [
            np.geomspace(1e-30, 1e30, 40_000),
            1 + np.linspace(-0.5, 1, 40_000),
            2.0 ** np.arange(-60, 60),
            rng.random(40_000) + 1e-9,
        ]
    ).astype(np.float32)
    np.testing.assert_allclose(
        of(logarithms, values), np.log(values.astype(np.float64)), rtol=3e-7, atol=1e-9
    )
