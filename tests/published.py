"""What the published way (`benchmarks/published.py`) makes of the tests' inputs.

pydensecrf has to be compiled, so its results are stored in tests/stored/. Where the package
is installed (`make reference`) they are computed as well, and must equal what is stored;
`pytest --store` stores them.
"""

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from urn.crf import CRFParameters

FOLDER = Path(__file__).parent / "stored"
INSTALLED = find_spec("pydensecrf") is not None
STEPS = 65534  # marginals are stored in 16 bits


class Published:
    """The published functions for one test, whose calls are told apart by their order.

    Args:
        module, test: names of the test's module and of the test, with its parameters.
        store: keep what the functions give, to be written by `close`.
    """

    def __init__(self, module: str, test: str, store: bool) -> None:
        # All backends, on all devices, are compared with the same numbers.
        name = re.sub(r"(numba|torch|pydensecrf|cpu|cuda)(?=[-\]])", "", test)
        self._path = FOLDER / module / f"{re.sub(r'[^A-Za-z0-9_.]+', '-', name).strip('-')}.npz"
        self._store, self._kept, self._calls = store, dict[str, np.ndarray](), 0

    def crf(
        self, image: np.ndarray, probabilities: np.ndarray, parameters: CRFParameters
    ) -> np.ndarray:
        """`plain_crf`: marginals L×H×W of one field."""

        def compute() -> tuple[np.ndarray]:
            from benchmarks.published import plain_crf

            return (plain_crf(image, probabilities, parameters),)

        return self._call(compute, ["marginals"])[0]

    def response_scaling(
        self, image: np.ndarray, response: np.ndarray, scales: Sequence[float]
    ) -> list[np.ndarray]:
        """`plain_response_scaling`: mask, uncertainty and weight, each H×W."""

        def compute() -> tuple[np.ndarray, ...]:
            from benchmarks.published import plain_response_scaling

            mask, uncertainty, weight = plain_response_scaling(image, response, scales)
            return mask.astype(np.uint8), uncertainty.astype(np.float32), weight.astype(np.uint8)

        return self._call(compute, ["mask", "uncertainty", "weight"])

    def close(self) -> None:
        """Write what was kept."""
        if self._kept:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(self._path, **self._kept)

    def _call(
        self, compute: Callable[[], tuple[np.ndarray, ...]], names: list[str]
    ) -> list[np.ndarray]:
        keys = [f"{self._calls}_{name}" for name in names]
        self._calls += 1
        if self._store:
            self._kept |= {k: _packed(v) for k, v in zip(keys, compute(), strict=True)}
            return [_unpacked(self._kept[key]) for key in keys]
        with np.load(self._path) as stored:
            results = [_unpacked(stored[key]) for key in keys]
        if INSTALLED:
            for live, result in zip(compute(), results, strict=True):
                np.testing.assert_allclose(live, result, atol=1.01 / STEPS)
        return results


def _packed(values: np.ndarray) -> np.ndarray:
    """Marginals in 16 bits, a pixel's largest rounded up, so that it stays the largest."""
    if values.ndim < 3:
        return values
    largest = np.arange(len(values))[:, None, None] == values.argmax(0)
    return (np.floor(values * STEPS) + largest).astype(np.uint16)


def _unpacked(values: np.ndarray) -> np.ndarray:
    return values if values.ndim < 3 else (values / STEPS).astype(np.float32)
