"""Timing, and its results as text."""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")


def seconds(function: Callable[[], Result]) -> tuple[float, Result]:
    """How long a call took, and what it returned."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def ratio_line(name: str, ratios: np.ndarray) -> str:
    """Median and quartiles of ratios, as text."""
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return f"{name}: median {middle:.1f} (quartiles {low:.1f} to {high:.1f}, n = {len(ratios)})"
