import pytest
import torch

from urn.segmentation.losses import (
    PixelLoss,
    noise_weighted_cross_entropy,
    pretended_underfitting_cross_entropy,
    probability_weighted_cross_entropy,
)
from urn.segmentation.supervision import loss_arguments


@pytest.fixture
def samples():
    torch.manual_seed(0)
    return torch.randn(2, 4, 5, 6), torch.randint(0, 4, (2, 5, 6)), torch.rand(2, 5, 6)


def test_weightings_name_their_losses(samples):
    logits, target, weight = samples
    expected = {
        "none": torch.nn.functional.cross_entropy(logits, target),
        "uncertainty": noise_weighted_cross_entropy(logits, target, weight, 0.4),
        "probability": probability_weighted_cross_entropy(logits, target),
    }
    for weighting, value in expected.items():
        loss = PixelLoss(**loss_arguments(weighting, 0.4))
        torch.testing.assert_close(loss(logits, target, weight), value)


def test_pretended_underfitting_has_its_own_loss(samples):
    logits, target, weight = samples
    expected = pretended_underfitting_cross_entropy(logits, target, beta=9, k=0.2)
    loss = PixelLoss(**loss_arguments("none", None, {"beta": 9, "k": 0.2}))
    torch.testing.assert_close(loss(logits, target, weight), expected)
