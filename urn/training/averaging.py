"""An exponential moving average of a network's weights, which differs less from run to run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class AveragingHook(Hook):
    """Averages weights and batch statistics after every update, the older the less they count.

    Args:
        model: the network that is trained, on its device.
        span: updates after which a weight counts a third (1/e) of a new one. At first it is less,
            so that the average does not stay where the training began.
    """

    priority = "ABOVE_NORMAL"  # before anything evaluates or stores the average

    def __init__(self, model: nn.Module, span: float) -> None:
        def mean(average: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
            if not average.is_floating_point():  # a counter
                return current
            n = int(updates)
            return torch.lerp(current, average, min(max(1 - 1 / span, 0), (1 + n) / (10 + n)))

        self._model = model
        self.average = AveragedModel(model, avg_fn=mean, use_buffers=True)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Add the new weights."""
        self.average.update_parameters(self._model)

    def settle(self) -> None:
        """Give the network the averaged weights."""
        self._model.load_state_dict(self.average.module.state_dict())

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the network has the averaged weights."""
        own = {name: value.clone() for name, value in self._model.state_dict().items()}
        self.settle()
        try:
            yield
        finally:
            self._model.load_state_dict(own)
