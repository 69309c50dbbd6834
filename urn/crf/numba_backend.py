"""Dense CRF on the processor: one lattice per image, all label fields filtered side by side.

The numbers are pydensecrf's up to rounding. What makes it fast: the lattices are built once; one
label of every field follows from the others, so it is not filtered; values are filtered a few
channels at a time, so that a lattice's values stay in the cache; a blur walks along chains of
neighbours, in place, and leaves out what it cannot change.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from urn.crf.lanes import LANES
from urn.crf.lattice import (
    TILE_HEIGHT,
    Lattice,
    bilateral_features,
    build_lattice,
    pixel_order,
    spatial_features,
)
from urn.crf.passes import PASSES, lanes_for
from urn.crf.softmax import MANY_LABELS, marginals_of_messages
from urn.crf.state import enter, leave_marginals, leave_masks

CACHE_LINE = 16  # float32
CACHE = 5 << 19  # bytes: what a core may hope to keep near, though others share its cache
NEVER = -1e30  # advantage of what is no label

# Takes the final state of some of the fields, and the width of its last block's rows.
Leave = Callable[[np.ndarray, int, slice], None]


class Part(NamedTuple):
    """Some consecutive pixels, and what a kernel needs to filter them.

    Attributes:
        start: the first pixel's place.
        lattice: of the pixels. Splat and slice use the same weights, so each brings the square
            root of the kernel's weight and one side of the symmetric normalisation.
        own: which of the pixels get their answer here. The others only reach these.
    """

    start: int
    lattice: Lattice
    own: slice


class Kernel(NamedTuple):
    """A Gaussian filter over the pixels of an image, normalised and weighted.

    Attributes:
        parts: every pixel is some part's own.
        received: of every pixel, if all hold one.
    """

    parts: tuple[Part, ...]
    received: np.ndarray


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
        self._total = self._bilateral.received + self._spatial.received

    def inference(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """Marginals of all fields."""
        marginals = np.empty_like(fields)
        flat = marginals.reshape(*fields.shape[:2], -1)

        def leave(state: np.ndarray, width: int, group: slice) -> None:
            leave_marginals(state, self._order, width, flat[group])

        self._infer(fields, iterations, leave)
        return marginals

    def masks(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The likeliest labels of all fields."""
        number, labels, *size = fields.shape
        masks = np.empty((number, *size), np.uint8)
        flat = masks.reshape(number, -1)

        def leave(state: np.ndarray, width: int, group: slice) -> None:
            leave_masks(state, self._order, width, labels, flat[group])

        self._infer(fields, iterations, leave)
        return masks

    def _infer(self, fields: np.ndarray, iterations: int, leave: Leave) -> None:
        """Hand the final state of every group of fields to `leave`."""

        def infer(group: slice) -> None:
            leave(*self._marginals(fields[group], iterations), group)

        held = 2 * LANES * len(self._order) * np.float32().nbytes  # by a block of channels
        number, labels, *_ = fields.shape
        groups = groups_of_fields(number, labels, self._memory // (self._threads * held))
        if self._threads == 1:
            for group in groups:
                infer(group)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(infer, groups))

    def _marginals(self, fields: np.ndarray, iterations: int) -> tuple[np.ndarray, int]:
        """The final state of a few fields filtered together, and how wide its last rows are."""
        number, labels, height, width = fields.shape
        pixels, channels = height * width, number * (labels - 1)
        blocks = -(-channels // LANES)
        lanes = lanes_for(channels - (blocks - 1) * LANES)  # of the last block
        row = lanes if blocks == 1 or labels >= MANY_LABELS else LANES
        last = (blocks - 1) * pixels * LANES  # where the only block with padding begins
        room = last + pixels * row
        state, advantage = _aligned(room + -room % LANES), _aligned(room + -room % LANES)
        advantage[last:], state[last:] = NEVER, 0
        flat = fields.reshape(number, labels, pixels)
        enter(flat, self._order, self._total, row, state, advantage)
        rows = [state[start : start + pixels * LANES] for start in range(0, room, pixels * LANES)]
        workspace = self._workspace(row if blocks == 1 else LANES)
        for _ in range(iterations):
            for block in rows[:-1]:
                self._filter(block, LANES, LANES, *workspace)
            self._filter(rows[-1], row, lanes, *workspace)
            marginals_of_messages(state, advantage, pixels, row, labels, number)
        return state, row

    def _workspace(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Room for `_filter`: values on the largest lattice, and messages."""
        parts = self._spatial.parts + self._bilateral.parts
        most = max(part.lattice.vertices for part in parts)
        return _aligned((most + 2) * row), _aligned(len(self._order) * row)

    def _filter(
        self, rows: np.ndarray, row: int, lanes: int, values: np.ndarray, messages: np.ndarray
    ) -> None:
        """From rows of marginals, of which `lanes` are in use, to their messages, in place.

        One lattice after the other, all on the memory of `values`, which stays in the cache.
        """
        passes = PASSES[lanes]
        for start, lattice, own in self._spatial.parts:
            blurred = _blurred(lattice, rows[start * row :], row, lanes, values)
            corners, weights = lattice.corners[own], lattice.weights[own]
            answers = messages[(start + own.start) * row :]
            passes.slice[corners.shape[1]](blurred, corners, weights, answers, row)
        for _, lattice, _ in self._bilateral.parts:
            blurred = _blurred(lattice, rows, row, lanes, values)
            slice_add = passes.slice_add[lattice.corners.shape[1]]
            slice_add(blurred, lattice.corners, lattice.weights, messages, rows, row)


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


def _blurred(
    lattice: Lattice, rows: np.ndarray, row: int, lanes: int, values: np.ndarray
) -> np.ndarray:
    """What `lanes` of the pixels' rows give at the vertices, on the memory of `values`."""
    splat, blur = PASSES[lanes].splat[lattice.corners.shape[1]], PASSES[lanes].blur
    values = values[: (lattice.vertices + 2) * lanes]
    splat(rows, row, lattice.corners, lattice.weights, lattice.reached, values)
    for axis in lattice.axes:
        blur(values, *axis)
    return values


def _filter_ones(lattice: Lattice) -> np.ndarray:
    """What every pixel takes back if all hold one."""
    pixels, corners = lattice.corners.shape
    ones, answer = np.ones((2, pixels), np.float32)
    blurred = _blurred(lattice, ones, 1, 1, np.empty(lattice.vertices + 2, np.float32))
    PASSES[1].slice[corners](blurred, lattice.corners, lattice.weights, answer, 1)
    return answer


def _kernel(lattice: Lattice, weight: float) -> Kernel:
    """In one part."""
    pixels, corners = lattice.corners.shape
    gain = np.float32(1 / (1 + 2.0 ** (1 - corners)))  # what blurring loses
    factors = np.float32(weight) * gain / (gain * _filter_ones(lattice) + np.float32(1e-20))
    np.multiply(lattice.weights, np.sqrt(factors)[:, None], out=lattice.weights)
    return Kernel((Part(0, lattice, slice(0, pixels)),), _filter_ones(lattice))


def _aligned(count: int) -> np.ndarray:
    """Float32 of any value that begin where a cache line does, so that no row lies in two."""
    room = np.empty(count + CACHE_LINE, np.float32)
    first = -room.ctypes.data // room.itemsize % CACHE_LINE
    return room[first : first + count]


@lru_cache(4)  # photographs come in a few sizes
def _order(height: int, width: int) -> np.ndarray:
    return pixel_order(height, width)


@lru_cache(4)
def _spatial_kernel(height: int, width: int, sxy: float, weight: float) -> Kernel:
    """The Gaussian kernel depends on the size of the image alone.

    It does not reach far, so bands of the image are filtered one by one, each with what reaches
    it, if the values of the whole would not stay in the cache.
    """
    features = spatial_features(width, _order(height, width), sxy)
    whole = _kernel(build_lattice(features), weight)
    ((_, lattice, _),) = whole.parts
    # To the corners, along the axes and back: at most 1, 2 and 1 standard deviations.
    halo = _whole_tiles(4 * sxy)
    rows = _whole_tiles(height * CACHE / (lattice.vertices * LANES * np.float32().nbytes))
    if rows >= height or rows < 4 * halo:
        return whole
    parts = []
    for top in range(0, height, rows):
        start, stop = max(top - halo, 0) * width, min(top + rows + halo, height) * width
        own = slice(top * width - start, min(top + rows, height) * width - start)
        part = build_lattice(features[:, start:stop])
        parts.append(Part(start, part._replace(weights=lattice.weights[start:stop]), own))
    return Kernel(tuple(parts), whole.received)


def _whole_tiles(rows: float) -> int:
    return math.ceil(rows / TILE_HEIGHT) * TILE_HEIGHT
