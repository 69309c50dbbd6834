"""Dense CRF on tensors: on a GPU if there is one, else on the processor.

Results equal pydensecrf's up to rounding. The lattices are built once, on the device; all labels
but one of all fields of a group are filtered together. Sums are taken in a fixed order, without
atomic additions, so that results repeat bit by bit.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from urn.crf.torch_lattice import Lattice, bilateral_features, build_lattice, spatial_features
from urn.crf.unary import LEAST_PROBABILITY

# Points summed in one step. If many more share a vertex, as in a clear sky, a single sum would keep
# one part of the device busy long after the others.
RUN = 64


class Step(NamedTuple):
    """A sparse matrix with R rows and S entries, sorted by row.

    Attributes:
        columns: S int32, the columns of the entries.
        starts: R int32, where each row begins in `columns`.
        weights: S float32, the entries; None if all are 1.
    """

    columns: Tensor
    starts: Tensor
    weights: Tensor | None

    def __call__(self, values: Tensor) -> Tensor:
        """The product with `values`."""
        return embedding_bag(
            self.columns, values, self.starts, mode="sum", per_sample_weights=self.weights
        )


class Kernel(NamedTuple):
    """A Gaussian filter over the N pixels of an image, normalised and weighted.

    Attributes:
        steps: splat in two steps, blur along each axis, slice. Splat and slice each bring the
            square root of the kernel's weight and one side of the symmetric normalisation.
        total: (N, 1) float32, the filter's result if all pixels hold 1.
    """

    steps: list[Step]
    total: Tensor


class Engine:
    """See `urn.crf.dense_crf.Engine`."""

    def __init__(
        self,
        image: np.ndarray,
        gaussian: tuple[float, float],
        bilateral: tuple[float, float, float],
        threads: int,
        memory: int,
        device: str | torch.device | None = None,
    ) -> None:
        """Take the image and kernels; `threads` is ignored, as torch has its own setting.

        Args:
            device: where to compute; None: CUDA if available, else the processor.
        """
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._memory = memory
        self._spatial = _spatial_kernel(*image.shape[:2], *gaussian, self._device)
        sxy, srgb, weight = bilateral
        features = bilateral_features(image, sxy, srgb, self._device)
        self._bilateral = _kernel(build_lattice(features), weight)

    def inference(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """Marginals of all fields."""
        marginals = np.empty_like(fields)
        for group, state in self._infer(fields, iterations):
            result = state.permute(1, 2, 0).cpu().numpy()
            marginals[group] = result.reshape(marginals[group].shape)
        return marginals

    def masks(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The likeliest labels of all fields."""
        masks = np.empty((len(fields), *fields.shape[2:]), np.uint8)
        for group, state in self._infer(fields, iterations):
            result = state.argmax(2).to(torch.uint8).T.cpu().numpy()
            masks[group] = result.reshape(masks[group].shape)
        return masks

    def bilateral(self, values: np.ndarray) -> np.ndarray:
        """The bilateral kernel's result."""
        columns = torch.tensor(values, device=self._device).flatten(1).T.contiguous()
        return _filter(self._bilateral.steps, columns).T.cpu().numpy().reshape(values.shape)

    def _infer(self, fields: np.ndarray, iterations: int) -> Iterator[tuple[slice, Tensor]]:
        """Yield every group of fields and its final state."""
        number, labels, *_ = fields.shape
        size = max(1, self._memory // (labels * self._bytes_per_label()))
        for first in range(0, number, size):
            group = slice(first, first + size)
            yield group, self._marginals(fields[group], iterations)

    def _bytes_per_label(self) -> int:
        """Memory of one label of one field: five states, and input and output of a step."""
        pixels = len(self._spatial.total)
        most = max(len(step.starts) for step in (*self._spatial.steps, *self._bilateral.steps))
        return (5 * pixels + 2 * most) * np.float32().nbytes

    def _marginals(self, fields: np.ndarray, iterations: int) -> Tensor:
        """Marginals (N, G, L) of the G fields of a group."""
        unary = torch.tensor(fields, device=self._device).flatten(2).permute(2, 0, 1).contiguous()
        unary.clamp_(LEAST_PROBABILITY, 1).log_()  # the energy's negative
        total = self._spatial.total + self._bilateral.total
        state = unary.clone()
        _softmax(state)
        for _ in range(iterations):
            # Labels sum to one, so the last one's message follows from the others. The copy is
            # contiguous: strided rows are slower to filter, and rounded differently.
            message = self._messages(state[..., :-1].contiguous().flatten(1))
            message = message.view(*unary.shape[:2], -1)
            state[..., :-1] = message
            state[..., -1] = total - message.sum(2)
            state += unary
            _softmax(state)
        return state

    def _messages(self, values: Tensor) -> Tensor:
        """The messages between the pixels of an image, (N, channels) like `values`."""
        return _filter(self._bilateral.steps, values).add_(_filter(self._spatial.steps, values))


def _softmax(scores: Tensor) -> None:
    """Softmax along the last axis, in place; faster than torch's for few labels on a processor."""
    scores -= scores.amax(-1, keepdim=True)
    scores.exp_()
    scores /= scores.sum(-1, keepdim=True)


def _filter(steps: list[Step], values: Tensor) -> Tensor:
    for step in steps:
        values = step(values)
    return values


def _kernel(lattice: Lattice, weight: float) -> Kernel:
    corners, weights, order, starts, neighbours, exists = lattice
    cuts = torch.cat([starts, torch.arange(0, len(order), RUN, device=order.device)]).unique()
    splat = _step(order // corners.shape[1], cuts, weights.flatten()[order])
    gather = _step(torch.arange(len(cuts), device=order.device), torch.searchsorted(cuts, starts))
    blurs = [
        _rows(near, pad(there * 0.5, (1, 0), value=1.0))
        for near, there in zip(neighbours, exists, strict=True)
    ]
    steps = [splat, gather, *blurs, _rows(corners, weights)]

    ones = torch.ones_like(weights[:, :1])
    gain = 1 / (1 + 2.0 ** (1 - len(blurs)))  # compensates the loss by blurring
    factors = (weight * gain / (gain * _filter(steps, ones) + 1e-20)).sqrt()
    weights = weights * factors
    steps[0] = splat._replace(weights=weights.flatten()[order])
    steps[-1] = _rows(corners, weights)
    return Kernel(steps, _filter(steps, ones))


def _step(columns: Tensor, starts: Tensor, weights: Tensor | None = None) -> Step:
    return Step(columns.int(), starts.int(), weights)


def _rows(columns: Tensor, weights: Tensor) -> Step:
    """A step whose rows have equally many entries."""
    starts = torch.arange(0, columns.numel(), columns.shape[1], device=columns.device)
    return _step(columns.flatten(), starts, weights.flatten())


@lru_cache(2)
def _spatial_kernel(
    height: int, width: int, sxy: float, weight: float, device: torch.device
) -> Kernel:
    """The Gaussian kernel depends on the size of the image alone."""
    return _kernel(build_lattice(spatial_features(height, width, sxy, device)), weight)
