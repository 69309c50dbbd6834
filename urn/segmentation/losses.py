"""Losses of the segmentation model: functions on tensors, and the module that mmseg's heads hold.

Logits are N×C×H×W floats, targets N×H×W int64 with `ignore_index` where nothing is known, weights
N×H×W floats in [0, 1]. Every loss is a mean over all pixels: ignored ones add 0 to the sum and
count in its divisor.
"""

from collections.abc import Callable
from functools import partial

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from urn.errors import UserError


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """Plain cross entropy."""
    return _pixel_losses(logits, target, ignore_index).mean()


def pretended_underfitting_cross_entropy(
    logits: Tensor, target: Tensor, beta: float = 0.5, k: float = 0.5, ignore_index: int = 255
) -> Tensor:
    """Cross entropy that stops at `k` per pixel once its mean has fallen below `beta` (PUF).

    What a model near convergence still gets very wrong is likely to be labelled wrongly.
    """
    losses = _pixel_losses(logits, target, ignore_index)
    return torch.where(losses.mean() < beta, losses.clamp(max=k), losses).mean()


def noise_weighted_cross_entropy(
    logits: Tensor, target: Tensor, weight: Tensor, t: float, ignore_index: int = 255
) -> Tensor:
    """Cross entropy times Y, where Y = 1 for weights above the threshold `t` and t elsewhere.

    t = 1 trains on all pixels alike, t = 0 leaves the uncertain ones out.
    """
    y = torch.where(weight > t, 1.0, t)
    return (y * _pixel_losses(logits, target, ignore_index)).mean()


def probability_weighted_cross_entropy(
    logits: Tensor, target: Tensor, ignore_index: int = 255
) -> Tensor:
    """Cross entropy times the model's own probability of the target, taken as a constant."""
    losses = _pixel_losses(logits, target, ignore_index)
    return (torch.exp(-losses.detach()) * losses).mean()


def _pixel_losses(logits: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """N×H×W cross entropies, 0 where ignored."""
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none")


LOSSES: dict[str, Callable[..., Tensor]] = {
    "cross_entropy": cross_entropy,
    "pretended_underfitting": pretended_underfitting_cross_entropy,
    "noise_weighted": noise_weighted_cross_entropy,
    "probability_weighted": probability_weighted_cross_entropy,
}


@MODELS.register_module()
class PixelLoss(nn.Module):
    """A loss as a head holds it: `loss_weight` times one of `LOSSES`, with its own arguments."""

    loss_name = "loss_seg"  # mmengine sums what is called loss

    def __init__(self, name: str, loss_weight: float = 1.0, **arguments: float) -> None:
        super().__init__()
        if name not in LOSSES:
            raise UserError(f"loss {name!r} is unknown: choose one of {', '.join(LOSSES)}")
        self._loss = partial(LOSSES[name], **arguments)
        self._weighted = name == "noise_weighted"
        self._loss_weight = loss_weight

    def forward(
        self, logits: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = 255
    ) -> Tensor:
        """Scalar loss; `weight` is None where the samples have no weight masks.

        Raises:
            ValueError: the loss needs weight masks and there are none.
        """
        if not self._weighted:
            return self._loss_weight * self._loss(logits, target, ignore_index=ignore_index)
        if weight is None:
            raise ValueError("the noise-weighted loss needs samples with weight masks")
        return self._loss_weight * self._loss(logits, target, weight, ignore_index=ignore_index)
