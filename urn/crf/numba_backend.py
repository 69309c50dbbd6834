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
from urn.crf.kernels import LANES
from urn.crf.lattice import (
    Lattice,
    bilateral_features,
    build_lattice,
    filter_ones,
    pixel_order,
    spatial_features,
)
from urn.crf.unary import unary_energy

MOST_BLOCKS = 4  # of LANES channels, in which few labels are filtered together
MANY_LABELS = LANES + 1  # from here on a field fills rows of its own
NEVER = -1e30  # advantage of what is no label

# Takes the final state of some of the fields.
Leave = Callable[[np.ndarray, slice], None]


class Kernel(NamedTuple):
    """A Gaussian filter over the pixels of an image, normalised and weighted.

    Attributes:
        corners, chains: as in `Lattice`, times LANES.
        weights: of the corners. Splat and slice use the same ones, so each brings the square root
            of the kernel's weight and one side of the symmetric normalisation.
        total: the filter's answer where all pixels hold 1, float32 of all pixels.
    """

    corners: np.ndarray
    chains: list[np.ndarray]
    weights: np.ndarray
    total: np.ndarray


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
        self._total = self._spatial.total + self._bilateral.total

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
        number, labels, *_ = fields.shape
        at_once = fields_together(number, labels, self._most_blocks())

        def infer(first: int) -> None:
            group = slice(first, min(first + at_once, number))
            leave(self._marginals(fields[group], iterations), group)

        if self._threads == 1:
            for first in range(0, number, at_once):
                infer(first)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(infer, range(0, number, at_once)))

    def _most_blocks(self) -> int:
        """How many blocks of channels each thread may hold, with what is known of them."""
        held = 2 * LANES * len(self._order) * np.float32().nbytes
        return max(1, min(MOST_BLOCKS, self._memory // (self._threads * held)))

    def _marginals(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The final state of a few fields that are filtered together."""
        number, labels, height, width = fields.shape
        pixels = height * width
        blocks = -(-number * (labels - 1) // LANES)
        advantage = np.full(blocks * pixels * LANES, NEVER, np.float32)
        energy = unary_energy(fields).reshape(number, labels, pixels)
        kernels.enter(energy, self._order, advantage)
        state = np.zeros_like(advantage)
        most = max(kernel.chains[0][0] for kernel in (self._spatial, self._bilateral))
        values = np.empty(most + 2 * LANES, np.float32)
        messages = np.empty(pixels * LANES, np.float32)
        total = np.zeros_like(self._total)  # of the messages: none yet
        for iteration in range(iterations + 1):
            if iteration:
                total = self._total
                for block in np.split(state, blocks):
                    self._filter(block, values, messages)
            if labels == 2:
                kernels.meet_two(state, advantage, total)
            elif labels < MANY_LABELS:
                kernels.meet_few(state, advantage, total, labels, number)
            else:
                kernels.meet_many(state, advantage, total)
        return state

    def _filter(self, rows: np.ndarray, values: np.ndarray, messages: np.ndarray) -> None:
        """From LANES channels of marginals to their messages, in place.

        One kernel after the other, both on the memory of `values`, which stays in the cache.
        """
        corners, chains, weights, _ = self._bilateral
        vertices = values[: chains[0][0] + 2 * LANES]
        kernels.splat_bilateral(rows, corners, weights, vertices)
        for chain in chains:
            kernels.blur(vertices, chain)
        kernels.slice_bilateral(vertices, corners, weights, messages)

        corners, chains, weights, _ = self._spatial
        vertices = values[: chains[0][0] + 2 * LANES]
        kernels.splat_spatial(rows, corners, weights, vertices)
        for chain in chains:
            kernels.blur(vertices, chain)
        kernels.slice_add_spatial(vertices, corners, weights, messages, rows)


def fields_together(fields: int, labels: int, most_blocks: int) -> int:
    """How many of `fields` fields are filtered together, so that few channels lie idle."""
    channels = labels - 1
    if labels >= MANY_LABELS:
        return 1

    def blocks(size: int) -> int:
        """Needed for all fields, in groups of `size`."""
        whole, rest = divmod(fields, size)
        return whole * -(-size * channels // LANES) + -(-rest * channels // LANES)

    most = max(1, min(fields, most_blocks * LANES // channels))
    return min(range(1, most + 1), key=blocks)


def _kernel(lattice: Lattice, weight: float) -> Kernel:
    dimensions = lattice.corners.shape[1] - 1
    gain = np.float32(1 / (1 + 2.0**-dimensions))  # what blurring loses
    vertices, corners, weights, chains = lattice
    answer = gain * filter_ones(vertices, corners, weights, chains)
    factors = np.sqrt(np.float32(weight) * gain / (answer + np.float32(1e-20)))
    weights *= factors[:, None]
    total = filter_ones(vertices, corners, weights, chains)
    return Kernel(corners * LANES, [chain * LANES for chain in chains], weights, total)


@lru_cache(2)
def _order(height: int, width: int) -> np.ndarray:
    return pixel_order(height, width)


@lru_cache(2)
def _spatial_kernel(height: int, width: int, sxy: float, weight: float) -> Kernel:
    """The Gaussian kernel depends on the size of the image alone."""
    return _kernel(build_lattice(spatial_features(height, width, _order(height, width), sxy)), weight)
