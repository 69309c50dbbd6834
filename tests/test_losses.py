import numpy as np
import pytest
import torch

from urn.errors import UserError
from urn.segmentation.losses import (
    LOSSES,
    PixelLoss,
    cross_entropy,
    noise_weighted_cross_entropy,
    pretended_underfitting_cross_entropy,
    probability_weighted_cross_entropy,
)

N, C, H, W = 2, 4, 5, 6


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = np.random.default_rng(7)
    logits = 2 * generator.standard_normal((N, C, H, W)).astype(np.float32)
    target = generator.integers(0, C, (N, H, W))
    target[generator.random((N, H, W)) < 0.2] = 255
    weight = generator.integers(0, 256, (N, H, W)).astype(np.float32) / 255
    return torch.from_numpy(logits), torch.from_numpy(target), torch.from_numpy(weight)


def pixel_losses(logits: torch.Tensor, target: torch.Tensor) -> np.ndarray:
    """Cross entropies by one literal formula per pixel; 0 where ignored."""
    scores, labels = logits.detach().numpy().astype(np.float64), target.numpy()
    losses = np.zeros(labels.shape)
    for n, y, x in np.ndindex(*labels.shape):
        if labels[n, y, x] != 255:
            exponentials = np.exp(scores[n, :, y, x])
            losses[n, y, x] = -np.log(exponentials[labels[n, y, x]] / exponentials.sum())
    return losses


def test_cross_entropy_counts_ignored_pixels_in_the_mean(batch):
    logits, target, _ = batch
    expected = pixel_losses(logits, target).sum() / (N * H * W)
    assert cross_entropy(logits, target).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("t", [0.0, 0.05, 0.5, 1.0])
def test_noise_weighted(batch, t):
    logits, target, weight = batch
    losses, weights = pixel_losses(logits, target), weight.numpy()
    total = 0.0
    for place in np.ndindex(N, H, W):
        total += losses[place] * (1.0 if weights[place] > t else t)
    loss = noise_weighted_cross_entropy(logits, target, weight, t)
    assert loss.item() == pytest.approx(total / (N * H * W), rel=1e-5)


def test_a_weight_equal_to_the_threshold_is_uncertain():
    logits, target = torch.zeros(1, 2, 1, 2), torch.zeros(1, 1, 2, dtype=torch.int64)
    weight = torch.tensor([[[0.5, 0.75]]])
    loss = noise_weighted_cross_entropy(logits, target, weight, 0.5)
    assert loss.item() == pytest.approx((0.5 + 1) * np.log(2) / 2)


def test_threshold_one_is_plain_training_and_zero_drops_pixels(batch):
    logits, target, weight = batch
    plain = cross_entropy(logits, target)
    assert torch.allclose(noise_weighted_cross_entropy(logits, target, weight, 1.0), plain)
    kept = torch.where(weight > 0, target, 255)
    weight[0] = 0
    kept[0] = 255
    dropped = noise_weighted_cross_entropy(logits, target, weight, 0.0)
    assert torch.allclose(dropped, cross_entropy(logits, kept))


@pytest.mark.parametrize(("beta", "k"), [(0.0, 0.5), (100.0, 0.5), (100.0, 0.8)])
def test_pretended_underfitting(batch, beta, k):
    logits, target, _ = batch
    losses = pixel_losses(logits, target)
    assert losses.max() > 0.8  # the bound has something to do
    expected = (np.minimum(losses, k) if losses.mean() < beta else losses).mean()
    loss = pretended_underfitting_cross_entropy(logits, target, beta, k)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_pretended_underfitting_stops_the_gradient_of_bounded_pixels(batch):
    logits, target, _ = batch
    logits.requires_grad_()
    pretended_underfitting_cross_entropy(logits, target, beta=100.0, k=0.5).backward()
    moved = logits.grad.abs().sum(1).numpy() > 0
    losses = pixel_losses(logits, target)
    np.testing.assert_array_equal(moved, (losses > 0) & (losses < 0.5))


def test_probability_weighted(batch):
    logits, target, _ = batch
    losses = pixel_losses(logits, target)
    loss = probability_weighted_cross_entropy(logits, target)
    assert loss.item() == pytest.approx((np.exp(-losses) * losses).mean(), rel=1e-5)


def test_no_gradient_flows_through_the_probability(batch):
    logits, target, _ = batch
    logits.requires_grad_()
    probability_weighted_cross_entropy(logits, target).backward()
    found = logits.grad.clone()
    logits.grad = None
    known = target != 255
    at_target = logits.softmax(1).gather(1, target.where(known, 0)[:, None])[:, 0].detach()
    losses = torch.nn.functional.cross_entropy(logits, target, ignore_index=255, reduction="none")
    (losses * at_target).mean().backward()
    assert torch.allclose(found, logits.grad, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_everything_ignored_is_zero_with_a_finite_gradient(name):
    logits = torch.randn(1, 3, 2, 2, requires_grad=True)
    target = torch.full((1, 2, 2), 255)
    loss = PixelLoss(name, **({"t": 0.05} if name == "noise_weighted" else {}))
    value = loss(logits, target, torch.zeros(1, 2, 2))
    value.backward()
    assert value.item() == 0
    assert (logits.grad == 0).all()


def test_head_loss_scales_and_passes_its_arguments(batch):
    logits, target, weight = batch
    loss = PixelLoss("noise_weighted", loss_weight=0.4, t=0.3)
    expected = 0.4 * noise_weighted_cross_entropy(logits, target, weight, 0.3)
    assert torch.allclose(loss(logits, target, weight), expected)


def test_noise_weighted_head_loss_needs_weights(batch):
    logits, target, _ = batch
    with pytest.raises(ValueError, match="weight masks"):
        PixelLoss("noise_weighted", t=0.05)(logits, target)


def test_unknown_loss():
    with pytest.raises(UserError, match="choose one of cross_entropy"):
        PixelLoss("focal")
