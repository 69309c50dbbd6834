"""Losses of the segmentation model: functions on tensors, and the module that mmseg's heads hold.

Logits are N×C×H×W floats, targets N×H×W int64 with `ignore_index` at unlabelled pixels, weights
N×H×W floats in [0, 1]. Every loss is a mean over all pixels, ℓ being the cross entropy of one:
ignored pixels have ℓ = 0 and count in the divisor. Equation numbers are those of the URN paper.
"""

from collections.abc import Callable
from functools import partial

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from urn.errors import UserError


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """Plain cross entropy, mean(ℓ): eq. 13 with Y = 1."""
    return _pixel_losses(logits, target, ignore_index).mean()


def pretended_underfitting_cross_entropy(
    logits: Tensor, target: Tensor, beta: float = 0.5, k: float = 0.5, ignore_index: int = 255
) -> Tensor:
    """Pretended under-fitting (PUF, of PMM): mean(min(ℓ, k)) once mean(ℓ) < β, before that mean(ℓ).

    A pixel that a nearly converged model still gets very wrong is probably mislabelled.

    Args:
        beta: β, the mean loss below which losses are capped.
        k: the cap on a pixel's loss.
    """
    losses = _pixel_losses(logits, target, ignore_index)
    return torch.where(losses.mean() < beta, losses.clamp(max=k), losses).mean()


def noise_weighted_cross_entropy(
    logits: Tensor, target: Tensor, weight: Tensor, t: float, ignore_index: int = 255
) -> Tensor:
    """URN's loss, mean(Y·ℓ) (eq. 13), with Y = 1 where `weight` > t and Y = t elsewhere (eq. 12).

    t = 1 treats all pixels alike, t = 0 drops the uncertain ones. A weight equal to t counts
    as uncertain here, as certain in eq. 12.
    """
    y = torch.where(weight > t, 1.0, t)
    return (y * _pixel_losses(logits, target, ignore_index)).mean()


def probability_weighted_cross_entropy(
    logits: Tensor, target: Tensor, ignore_index: int = 255
) -> Tensor:
    """mean(p·ℓ): ℓ weighted by the model's own probability p of the target (Table 5).

    p = exp(−ℓ) is detached: no gradient flows through it.
    """
    losses = _pixel_losses(logits, target, ignore_index)
    return (torch.exp(-losses.detach()) * losses).mean()


def _pixel_losses(logits: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """ℓ, N×H×W; 0 where ignored."""
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none")


LOSSES: dict[str, Callable[..., Tensor]] = {
    "cross_entropy": cross_entropy,
    "pretended_underfitting": pretended_underfitting_cross_entropy,
    "noise_weighted": noise_weighted_cross_entropy,
    "probability_weighted": probability_weighted_cross_entropy,
}


@MODELS.register_module()
class PixelLoss(nn.Module):
    """A loss as a head holds it: `loss_weight` times one of `LOSSES`.

    Args:
        name: key of `LOSSES`.
        loss_weight: factor on the loss.
        arguments: the loss's own: `t`, or `beta` and `k`.
    """

    loss_name = "loss_seg"  # mmengine sums the entries whose names contain "loss"

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
        """Scalar loss; `weight` is None for samples without weight masks.

        Raises:
            ValueError: the loss needs weight masks and the samples have none.
        """
        if not self._weighted:
            return self._loss_weight * self._loss(logits, target, ignore_index=ignore_index)
        if weight is None:
            raise ValueError("the noise-weighted loss needs samples with weight masks")
        return self._loss_weight * self._loss(logits, target, weight, ignore_index=ignore_index)
