"""Training in float32, or in mixed precision with bfloat16 or float16."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.amp import GradScaler


class PrecisionOptimWrapper(OptimWrapper):
    """Runs the forward pass in the chosen precision; weights and their updates are float32.

    With float16 small gradients would underflow, so losses are scaled up, and steps whose gradients
    overflow are skipped. bfloat16 has float32's range and needs neither.

    Args:
        precision: "float32", "bfloat16" or "float16".
        arguments: those of mmengine's `OptimWrapper`.
    """

    def __init__(self, precision: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._dtype = getattr(torch, precision)
        self._scaler = GradScaler(self._device, enabled=precision == "float16")

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context of a forward pass."""
        mixed = self._dtype != torch.float32
        with (
            super().optim_context(model),
            torch.autocast(self._device, self._dtype if mixed else None, enabled=mixed),
        ):
            yield

    def backward(self, loss: Tensor, **arguments: Any) -> None:
        """Accumulate the gradients of the scaled loss."""
        super().backward(self._scaler.scale(loss), **arguments)

    def step(self, **arguments: Any) -> None:
        """Update the weights by the gradients, clipped if so asked, unless one overflowed."""
        if self.clip_grad_kwargs:
            self._scaler.unscale_(self.optimizer)
            self._clip_grad()
        self._scaler.step(self.optimizer, **arguments)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's state and the loss scale."""
        return super().state_dict() | {"scaler": self._scaler.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        state = dict(state_dict)
        self._scaler.load_state_dict(state.pop("scaler"))
        super().load_state_dict(state)
