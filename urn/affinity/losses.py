"""The class-balanced loss of AffinityNet, over all pairs of near cells whose labels are known.

The affinity of two cells is W = exp(−d), d the mean absolute difference of their features.
"""

import torch
from torch import Tensor

from urn.affinity.pairs import Offset, offsets, paired
from urn.files.images import IGNORE

EPSILON = 1e-5


def distances(features: Tensor, offset: Offset) -> Tensor:
    """(..., D, h, w) features → the d of every pair that is one `offset` apart, (..., h', w')."""
    one, other = paired(features, offset)
    return (one - other).abs().mean(-3).float()


def affinity_losses(features: Tensor, labels: Tensor, radius: int) -> dict[str, Tensor]:
    """The three terms of the loss: a quarter of equation 9 of the paper, as in the published code.

    Each is a mean over its own pairs, 0 where it has none: a quarter of −log W over pairs of one
    foreground class, the same over pairs of background, and half of −log(1 − W) over pairs of two
    classes.

    Args:
        features: N×D×h×w.
        labels: N×h×w class ids, 255 where nothing is known.
        radius: cells nearer than this are paired.
    """
    apart, kinds = [], []
    for offset in offsets(radius):
        one, other = paired(labels, offset)
        known = (one != IGNORE) & (other != IGNORE)
        same = known & (one == other)
        kinds.append(torch.stack([same & (one > 0), same & (one == 0), known & ~same]).flatten(1))
        apart.append(distances(features, offset).flatten())
    d, (foreground, background, different) = torch.cat(apart), torch.cat(kinds, dim=1)

    def mean(values: Tensor, chosen: Tensor) -> Tensor:
        return (values * chosen).sum() / chosen.sum().clamp(min=1)

    return {
        "loss_foreground": mean(d, foreground) / 4,
        "loss_background": mean(d, background) / 4,
        "loss_different": mean(-torch.log(1 - torch.exp(-d) + EPSILON), different) / 2,
    }
