"""The fully connected CRF of Krähenbühl & Koltun (2011) for one image."""

import os
import shutil
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from urn.crf.parameters import SEGMENTATION_CRF
from urn.errors import UserError

# Backend name -> module with its `Engine`, imported on first use: unused backends cost nothing.
BACKENDS = {
    "numba": "urn.crf.numba_backend",
    "torch": "urn.crf.torch_backend",
    "pydensecrf": "urn.crf.pydensecrf_backend",
}


class Engine(Protocol):
    """The interface of a backend's `Engine`; arguments are checked and converted already."""

    def __init__(
        self,
        image: np.ndarray,
        gaussian: tuple[float, float],
        bilateral: tuple[float, float, float],
        threads: int,
        memory: int,
    ) -> None:
        """Take an image (C-contiguous, writeable, never changed later) and the two kernels."""

    def inference(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """Marginals (F, L, H, W) float32 of C-contiguous float32 `fields`, F ≥ 1 and L ≥ 2.

        The unary energy is −log of the field clipped to [`unary.LEAST_PROBABILITY`, 1].
        """

    def masks(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The labels (F, H, W) uint8 whose marginals are largest; ties go to the lower one."""

    def bilateral(self, values: np.ndarray) -> np.ndarray:
        """The bilateral kernel's result (F, H, W) float32 on C-contiguous float32 `values`."""


class DenseCRF:
    """Mean-field inference in a CRF that connects every pixel of an image to every other.

    The kernels are a Gaussian on position and a bilateral on position and colour, each normalised
    symmetrically, with Potts compatibility. Everything that depends on the image alone is computed
    once, so pass all label fields of an image to one object, in one call.

    Args:
        image: H×W×3 uint8 RGB.
        gaussian: position width in pixels, weight.
        bilateral: position width in pixels, colour width on the 0-255 scale, weight.
        backend: "numba" (processor), "torch" (any device), "pydensecrf" (the reference), or
            "auto": torch where there is a GPU, else numba.
        threads: number of threads that share the fields; it does not change the result. Useful for
            a single image; for many, use several processes.
        memory: bytes for the fields in work, on top of what the image itself takes. Less means
            fewer fields at a time, at least one.

    Raises:
        ValueError: an argument has the wrong shape, type or range, or the backend is unknown.
        UserError: the backend's package is not installed.
    """

    def __init__(
        self,
        image: np.ndarray,
        gaussian: tuple[float, float] = SEGMENTATION_CRF.gaussian,
        bilateral: tuple[float, float, float] = SEGMENTATION_CRF.bilateral,
        backend: str = "auto",
        threads: int = 1,
        memory: int = 1 << 29,
    ) -> None:
        image = np.asarray(image)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"image must be H×W×3 uint8, got {image.shape} {image.dtype}")
        if min(gaussian[0], *bilateral[:2]) <= 0:
            raise ValueError(f"kernel widths must be positive, got {gaussian=} {bilateral=}")
        if min(gaussian[1], bilateral[2]) < 0:
            raise ValueError(f"kernel weights must not be negative, got {gaussian=} {bilateral=}")
        if threads < 1 or memory < 1:
            raise ValueError(f"threads and memory must be at least 1, got {threads=} {memory=}")
        self._size = image.shape[:2]
        # A contiguous copy, which the caller cannot change.
        own = np.array(image, order="C")
        self._engine: Engine = _engine_class(backend)(own, gaussian, bilateral, threads, memory)

    def inference(
        self, probabilities: ArrayLike, iterations: int = SEGMENTATION_CRF.iterations
    ) -> np.ndarray:
        """Marginals of one or many label fields.

        Args:
            probabilities: (..., L, H, W) floating point, finite and not negative. The labels of a
                pixel need not sum to one. Axes before L index independent fields.
            iterations: mean-field iterations; 0 only normalises.

        Returns:
            float32 of the same shape; the labels of a pixel sum to one.

        Raises:
            ValueError: `probabilities` has the wrong shape, type or range.
        """
        fields = self._checked(probabilities, iterations)
        if fields.shape[-3] == 1 or not fields.size:
            return np.ones_like(fields)
        marginals = self._engine.inference(fields.reshape(-1, *fields.shape[-3:]), iterations)
        return marginals.reshape(fields.shape)

    def masks(
        self, probabilities: ArrayLike, iterations: int = SEGMENTATION_CRF.iterations
    ) -> np.ndarray:
        """The most probable labels of one or many label fields: argmax of `inference`, but faster.

        Args:
            probabilities: (..., L, H, W) as for `inference`, L ≤ 256.
            iterations: as for `inference`.

        Returns:
            uint8 (..., H, W), the index of each pixel's label; ties go to the lower one.

        Raises:
            ValueError: as `inference` does.
        """
        fields = self._checked(probabilities, iterations)
        if fields.shape[-3] > 256:
            raise ValueError(f"masks have room for 256 labels, got {fields.shape[-3]}")
        shape = (*fields.shape[:-3], *self._size)
        if fields.shape[-3] == 1 or not fields.size:
            return np.zeros(shape, np.uint8)
        return self._engine.masks(fields.reshape(-1, *fields.shape[-3:]), iterations).reshape(shape)

    def bilateral(self, values: ArrayLike) -> np.ndarray:
        """Filter arrays by the bilateral kernel, normalised and weighted as in the inference.

        Args:
            values: (..., H, W), numbers or booleans. Axes before H index independent arrays.

        Returns:
            float32 of the same shape.

        Raises:
            ValueError: `values` has the wrong shape.
        """
        arrays = np.ascontiguousarray(values, dtype=np.float32)
        if arrays.ndim < 2 or arrays.shape[-2:] != self._size:
            raise ValueError(
                f"values must be (..., {self._size[0]}, {self._size[1]}), got {arrays.shape}"
            )
        return self._engine.bilateral(arrays.reshape(-1, *self._size)).reshape(arrays.shape)

    def _checked(self, probabilities: ArrayLike, iterations: int) -> np.ndarray:
        """The fields as C-contiguous float32."""
        fields = np.asarray(probabilities)
        if fields.ndim < 3 or fields.shape[-2:] != self._size or fields.shape[-3] < 1:
            raise ValueError(
                f"probabilities must be (..., L, {self._size[0]}, {self._size[1]}) with L ≥ 1, "
                f"got {fields.shape}"
            )
        if not np.issubdtype(fields.dtype, np.floating):
            raise ValueError(f"probabilities must be floating point, got {fields.dtype}")
        if iterations < 0:
            raise ValueError(f"iterations must be 0 or more, got {iterations}")
        fields = np.ascontiguousarray(fields, dtype=np.float32)
        # NaN fails both comparisons.
        if fields.size and not (fields.min() >= 0 and fields.max() < np.inf):
            raise ValueError("probabilities must be finite and not negative")
        return fields


def _engine_class(backend: str) -> type[Engine]:
    name = _preferred() if backend == "auto" else backend
    if name not in BACKENDS:
        raise ValueError(f"unknown CRF backend {backend!r}: use auto, {', '.join(BACKENDS)}")
    if not installed(name):
        raise UserError(
            f"the CRF backend {name} needs the package {name}: run make reference, or use auto"
        )
    return import_module(BACKENDS[name]).Engine


def installed(backend: str) -> bool:
    """Whether a backend is installed: pydensecrf is optional, as it must be compiled."""
    return backend != "pydensecrf" or find_spec("pydensecrf") is not None


@cache
def _preferred() -> str:
    """torch on a GPU, else numba; torch, slow to import, only where a GPU may be seen."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return "numba"
    if "torch" in sys.modules or shutil.which("nvidia-smi"):
        import torch

        if torch.cuda.is_available():
            return "torch"
    return "numba"
