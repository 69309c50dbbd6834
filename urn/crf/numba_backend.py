"""Dense CRF on the processor: one lattice per image, all label fields filtered side by side.

The numbers are pydensecrf's up to rounding. What makes it fast: the lattices are built once; one
label of every field follows from the others, so it is not filtered; values are filtered a few
channels at a time, so that a lattice's values stay in the cache; a blur walks along chains of
neighbours, in place, and leaves out what it cannot change.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from urn.crf import kernels
from urn.crf.kernels import ALL_PASSES, FEW, FEW_PASSES, LANES, PIXELS
from urn.crf.lattice import (
    Lattice,
    bilateral_features,
    build_lattice,
    filter_ones,
    pixel_order,
    spatial_features,
)
from urn.crf.unary import unary_energy

MANY_LABELS = LANES + 1  # from here on a field fills rows of its own
NEVER = -1e30  # advantage of what is no label

# Takes the final state of some of the fields.
Leave = Callable[[np.ndarray, slice], None]


class Kernel(NamedTuple):
    """A Gaussian filter over the pixels of an image, normalised and weighted.

    Attributes:
        corners, chains: as in `Lattice`, times LANES.
        reached: the place behind all corners of the first PIXELS pixels, of twice as many, …;
            vertices are numbered as pixels come to them.
        weights: of the corners. Splat and slice use the same ones, so each brings the square root
            of the kernel's weight and one side of the symmetric normalisation.
    """

    corners: np.ndarray
    chains: tuple[np.ndarray, ...]
    reached: np.ndarray
    weights: np.ndarray


class Engine:
    """See `urn.crf.dense_crf.Engine`."""

    def __init__(
        self,
        image: np.ndarray,
        gaussian: tuple[float, float],
        bilateral: tuple[float, float, float],
        threads: int,
        memory: int,
    ) -> None:
        self._threads, self._memory = threads, memory
        height, width = image.shape[:2]
        self._order = _order(height, width)
        self._spatial = _spatial_kernel(height, width, *gaussian)
        sxy, srgb, weight = bilateral
        features = bilateral_features(image, self._order, sxy, srgb)
        self._bilateral = _kernel(build_lattice(features), weight)
        ones = np.ones(len(self._order) * LANES, np.float32)
        self._filter(ones, 1, *self._workspace())
        self._total = ones[::LANES].copy()  # the sum of any field's messages

    def inference(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """Marginals of all fields."""
        marginals = np.empty_like(fields)
        flat = marginals.reshape(*fields.shape[:2], -1)

        def leave(state: np.ndarray, group: slice) -> None:
            kernels.leave(state, self._order, flat[group])

        self._infer(fields, iterations, leave)
        return marginals

    def masks(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The likeliest labels of all fields."""
        number, labels, *size = fields.shape
        masks = np.empty((number, *size), np.uint8)
        flat = masks.reshape(number, -1)

        def leave(state: np.ndarray, group: slice) -> None:
            kernels.leave_masks(state, self._order, labels, flat[group])

        self._infer(fields, iterations, leave)
        return masks

    def _infer(self, fields: np.ndarray, iterations: int, leave: Leave) -> None:
        """Hand the final state of every group of fields to `leave`."""

        def infer(group: slice) -> None:
            leave(self._marginals(fields[group], iterations), group)

        held = 2 * LANES * len(self._order) * np.float32().nbytes  # by a block of channels
        number, labels, *_ = fields.shape
        groups = groups_of_fields(number, labels, self._memory // (self._threads * held))
        if self._threads == 1:
            for group in groups:
                infer(group)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(infer, groups))

    def _marginals(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The final state of a few fields that are filtered together."""
        number, labels, height, width = fields.shape
        pixels = height * width
        blocks = -(-number * (labels - 1) // LANES)
        advantage = np.full(blocks * pixels * LANES, NEVER, np.float32)
        energy = unary_energy(fields).reshape(number, labels, pixels)
        kernels.enter(energy, self._order, advantage)
        state = np.zeros_like(advantage)
        workspace = self._workspace()
        total = np.zeros_like(self._total)  # of the messages: none yet
        for iteration in range(iterations + 1):
            if iteration:
                total = self._total
                for block, rows in enumerate(np.split(state, blocks)):
                    used = number * (labels - 1) - block * LANES
                    self._filter(rows, used, *workspace)
            if labels < MANY_LABELS and (labels == 2 or number == LANES):
                kernels.meet_columns(state, advantage, total)
            elif labels < MANY_LABELS:
                kernels.meet_few(state, advantage, total, labels, number)
            else:
                kernels.meet_many(state, advantage, total)
        return state

    def _workspace(self) -> tuple[np.ndarray, np.ndarray]:
        """Room for `_filter`: values on the larger lattice, and messages."""
        most = max(kernel.chains[0][0] for kernel in (self._spatial, self._bilateral))
        values = np.empty(most + 2 * LANES, np.float32)
        return values, np.empty(len(self._order) * LANES, np.float32)

    def _filter(
        self, rows: np.ndarray, used: int, values: np.ndarray, messages: np.ndarray
    ) -> None:
        """From LANES channels of marginals, `used` of them in use, to their messages, in place.

        One kernel after the other, both on the memory of `values`, which stays in the cache.
        """
        passes, lanes = (FEW_PASSES, FEW) if used <= FEW else (ALL_PASSES, LANES)

        corners, chains, reached, weights = self._bilateral
        vertices = values[: chains[0][0] // LANES * lanes + 2 * lanes]
        passes.splat_bilateral(rows, corners, weights, reached, vertices)
        for chain in chains:
            passes.blur(vertices, chain)
        passes.slice_bilateral(vertices, corners, weights, messages)

        corners, chains, reached, weights = self._spatial
        vertices = values[: chains[0][0] // LANES * lanes + 2 * lanes]
        passes.splat_spatial(rows, corners, weights, reached, vertices)
        for chain in chains:
            passes.blur(vertices, chain)
        passes.slice_add_spatial(vertices, corners, weights, messages, rows)


def groups_of_fields(fields: int, labels: int, most_blocks: int) -> list[slice]:
    """Which fields are filtered together: few channels lie idle, and memory suffices.

    LANES fields fill the lanes of L − 1 blocks; what is left over shares blocks. A field of many
    labels fills blocks alone.
    """
    channels = labels - 1
    if labels >= MANY_LABELS:
        return [slice(i, i + 1) for i in range(fields)]
    whole = LANES if channels <= most_blocks else 1
    rest = max(1, min(LANES, most_blocks * LANES // channels))
    starts = list(range(0, fields - whole + 1, whole))
    starts += range(starts[-1] + whole if starts else 0, fields, rest)
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], fields], strict=True)]


def _kernel(lattice: Lattice, weight: float) -> Kernel:
    dimensions = lattice.corners.shape[1] - 1
    gain = np.float32(1 / (1 + 2.0**-dimensions))  # what blurring loses
    vertices, corners, weights, chains = lattice
    answer = gain * filter_ones(vertices, corners, weights, chains)
    factors = np.sqrt(np.float32(weight) * gain / (answer + np.float32(1e-20)))
    weights *= factors[:, None]
    last = np.append(np.arange(PIXELS - 1, len(corners) - 1, PIXELS), len(corners) - 1)
    reached = np.maximum.accumulate(corners.max(axis=1))[last] + 1
    chains = tuple(chain * LANES for chain in chains)
    return Kernel(corners * LANES, chains, reached * LANES, weights)


@lru_cache(4)  # photographs come in a few sizes
def _order(height: int, width: int) -> np.ndarray:
    return pixel_order(height, width)


@lru_cache(4)
def _spatial_kernel(height: int, width: int, sxy: float, weight: float) -> Kernel:
    """The Gaussian kernel depends on the size of the image alone."""
    return _kernel(build_lattice(spatial_features(width, _order(height, width), sxy)), weight)
