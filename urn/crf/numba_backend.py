"""Dense CRF on the processor: one lattice per image, all label fields filtered side by side.

Results equal pydensecrf's up to rounding. It is fast because the lattices are built once; one label
of every field follows from the others and is not filtered; a few channels are filtered at a time,
and on position a band of the image at a time, so that a lattice's values stay in the cache; and a
blur walks along chains of neighbours, in place, skipping vertices that it cannot change.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from urn.crf.kernels import bilateral_kernel, blurred, spatial_kernel
from urn.crf.lanes import LANES
from urn.crf.lattice import pixel_order
from urn.crf.passes import PASSES, lanes_for
from urn.crf.softmax import MANY_LABELS, marginals_of_messages
from urn.crf.state import enter, enter_values, leave_marginals, leave_masks, leave_values

CACHE_LINE = 16  # float32
NEVER = -1e30  # advantage of padding, which is no label

# Called with the final state of some fields, and the width of its last block's rows.
Leave = Callable[[np.ndarray, int, slice], None]


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
        self._order = pixel_order(height, width)
        self._spatial = spatial_kernel(height, width, *gaussian)
        self._bilateral = bilateral_kernel(image, *bilateral)
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

    def bilateral(self, values: np.ndarray) -> np.ndarray:
        """The bilateral kernel's result, some arrays side by side."""
        ((_, lattice, _),) = self._bilateral.parts
        filtered = np.empty_like(values)
        flat, answer = values.reshape(len(values), -1), filtered.reshape(len(values), -1)
        for first in range(0, len(values), LANES):
            some = slice(first, first + LANES)
            lanes = lanes_for(len(flat[some]))
            rows = _aligned(len(self._order) * lanes)
            enter_values(flat[some], self._order, lanes, rows)
            values_there = _aligned((lattice.vertices + 2) * lanes)
            taken = blurred(lattice, rows, lanes, lanes, values_there)
            slice_ = PASSES[lanes].slice[lattice.corners.shape[1]]
            slice_(taken, lattice.corners, lattice.weights, rows, lanes)
            leave_values(rows, self._order, lanes, answer[some])
        return filtered

    def _infer(self, fields: np.ndarray, iterations: int, leave: Leave) -> None:
        """Call `leave` with the final state of every group of fields."""

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
        """The final state of a few fields filtered together, and the width of its last rows."""
        number, labels, height, width = fields.shape
        pixels, channels = height * width, number * (labels - 1)
        blocks = -(-channels // LANES)
        lanes = lanes_for(channels - (blocks - 1) * LANES)  # of the last block
        row = lanes if blocks == 1 or labels >= MANY_LABELS else LANES
        last = (blocks - 1) * pixels * LANES  # start of the only block with padding
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
        """Buffers for `_filter`: values on the largest lattice, and messages."""
        parts = self._spatial.parts + self._bilateral.parts
        most = max(part.lattice.vertices for part in parts)
        return _aligned((most + 2) * row), _aligned(len(self._order) * row)

    def _filter(
        self, rows: np.ndarray, row: int, lanes: int, values: np.ndarray, messages: np.ndarray
    ) -> None:
        """Replace rows of marginals, of which `lanes` are in use, by their messages.

        The lattices take turns on the memory of `values`, which stays in the cache.
        """
        passes = PASSES[lanes]
        for start, lattice, own in self._spatial.parts:
            taken = blurred(lattice, rows[start * row :], row, lanes, values)
            corners, weights = lattice.corners[own], lattice.weights[own]
            answers = messages[(start + own.start) * row :]
            passes.slice[corners.shape[1]](taken, corners, weights, answers, row)
        # One part only: with more, the first results would overwrite the input of the others.
        ((_, lattice, _),) = self._bilateral.parts
        taken = blurred(lattice, rows, row, lanes, values)
        slice_add = passes.slice_add[lattice.corners.shape[1]]
        slice_add(taken, lattice.corners, lattice.weights, messages, rows, row)


def groups_of_fields(fields: int, labels: int, most_blocks: int) -> list[slice]:
    """Choose the fields to filter together: within memory, with few idle lanes.

    LANES fields fill the lanes of L − 1 blocks; the remaining fields share blocks. A field of many
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


def _aligned(count: int) -> np.ndarray:
    """Uninitialised float32, aligned to cache lines so that no row spans two."""
    room = np.empty(count + CACHE_LINE, np.float32)
    first = -room.ctypes.data // room.itemsize % CACHE_LINE
    return room[first : first + count]
