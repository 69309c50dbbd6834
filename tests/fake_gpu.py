"""A GPU without a driver: tensors that have a shape, a type and a device, but no values.

torch's fake tensors refuse what a GPU would: tensors of two devices in one operation, and numpy's
view of a GPU's memory. Where torch needs values, or has no fake, a plain answer is given here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode


def _nonzero(values: Tensor) -> Tensor:
    """As if all were."""
    return values.new_empty(values.numel(), values.ndim, dtype=torch.long)


def _unique(values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor, Tensor]:
    """As if all differed."""
    places = values.new_empty(values.shape, dtype=torch.long)
    return values.flatten(), places, places.flatten()


def _number(value: Tensor) -> Any:
    """1, but False for a condition: in torchvision's code they are errors."""
    return False if value.dtype == torch.bool else torch.ones((), dtype=value.dtype).item()


def _dense(matrix: Tensor) -> Tensor:
    """Fake sparse tensors have no products."""
    return torch.empty(matrix.shape, dtype=matrix.dtype, device=matrix.device)


aten = torch.ops.aten
ANSWERS: dict[Any, Callable[..., Any]] = {
    aten.nonzero.default: _nonzero,
    aten.unique_consecutive.default: _unique,
    aten._unique2.default: _unique,
    aten._local_scalar_dense.default: _number,
    aten._coalesce.default: lambda matrix: matrix,
    aten._to_sparse_csr.default: _dense,
}


class _Mode(FakeTensorMode):
    def dispatch(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func not in ANSWERS:
            return super().dispatch(func, types, args, kwargs)
        with self:
            return ANSWERS[func](*args, **(kwargs or {}))


def _numpy(tensor: Tensor) -> np.ndarray:
    if tensor.device.type != "cpu" or tensor.requires_grad:
        raise TypeError(f"numpy cannot see a tensor on {tensor.device} or one with gradients")
    return np.ones(tensor.shape, str(tensor.dtype).removeprefix("torch."))


def _backward(loss: Tensor) -> None:
    """Gradients of all parameters that the loss depends on; torch's way to them needs a driver."""
    waiting, seen = [loss.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting += [function for function, _ in node.next_functions]
        if hasattr(node, "variable"):
            node.variable.grad = torch.zeros_like(node.variable)


@contextmanager
def fake_gpu() -> Iterator[None]:
    """All tensors that are made or used in the context are fakes, on the device they ask for.

    Build networks before: the parameters of one that is fake already cannot be moved.
    """
    with (
        _Mode(allow_non_fake_inputs=True),
        patch.object(Tensor, "numpy", _numpy),
        patch.object(Tensor, "backward", _backward),
    ):
        yield
