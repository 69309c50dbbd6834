"""Timing, and its results as text."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

Result = TypeVar("Result")


@dataclass(frozen=True)
class Cost:
    """Seconds, as the clock shows them and as this process's threads were busy."""

    wall: float
    busy: float

    @classmethod
    def now(cls) -> "Cost":
        """A moment, with all that the GPU was asked for done."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.wall - other.wall, self.busy - other.busy)

    @property
    def fair(self) -> float:
        """What to compare: on processors the busy seconds, which other work hardly changes."""
        return self.wall if torch.cuda.is_available() else self.busy


def seconds(function: Callable[[], Result]) -> tuple[float, Result]:
    """How long a call took, and what it returned."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def cost(function: Callable[[], Result]) -> tuple[Cost, Result]:
    """What a call cost, and what it returned."""
    start = Cost.now()
    result = function()
    return Cost.now() - start, result


def peak_memory(function: Callable[[], Result]) -> tuple[int, Result]:
    """MB that a call took at most, of the GPU beside what was there, or of the process (Linux)."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = function()
        return (torch.cuda.max_memory_allocated() - before) >> 20, result
    Path("/proc/self/clear_refs").write_text("5")
    result = function()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10, result


def ratio_line(name: str, ratios: np.ndarray, digits: int = 1) -> str:
    """Median and quartiles of ratios, as text."""
    low, middle, high = (f"{value:.{digits}f}" for value in np.quantile(ratios, [0.25, 0.5, 0.75]))
    return f"{name}: median {middle} (quartiles {low} to {high}, n = {len(ratios)})"
