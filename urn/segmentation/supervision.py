"""Which loss a supervision trains with."""

from collections.abc import Mapping
from typing import Any


def loss_arguments(
    weighting: str, t: float | None, underfitting: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Arguments of `urn.segmentation.losses.PixelLoss`.

    Args:
        weighting: what weighs a pixel's loss: `none`, `uncertainty` (weight masks) or
            `probability` (of its label).
        t: in [0, 1], what weights of at most t become, where they are of uncertainty.
        underfitting: `beta` and `k` of pretended underfitting, whose loss then takes the place
            of what `weighting` says; None is without.
    """
    if underfitting is not None:
        return {"name": "pretended_underfitting", **underfitting}
    losses: dict[str, dict[str, Any]] = {
        "none": {"name": "cross_entropy"},
        "uncertainty": {"name": "noise_weighted", "t": t},
        "probability": {"name": "probability_weighted"},
    }
    return losses[weighting]
