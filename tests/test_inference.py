from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.segmentation.inference import PUBLISHED, Views, predict_probabilities, predict_views

CLASSES = 5


class Network(nn.Module):
    """Logits at the size of the images, of a network as wide-eyed as `kernel`."""

    def __init__(self, kernel: int = 3, stride: int = 2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, kernel, stride, padding=kernel // 2)
        self.second = nn.Conv2d(8, CLASSES, kernel, padding=kernel // 2)
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.sizes.append(tuple(images.shape))
        logits = 4 * self.second(self.first(images).relu())
        return F.interpolate(logits, images.shape[2:], mode="bilinear", align_corners=False)


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (-(-height // 5), -(-width // 5), 3))
    return coarse.repeat(5, 0).repeat(5, 1)[:height, :width].astype(np.uint8)


@torch.no_grad()
def literal_prediction(network, image, ratios, flip, window, stride):
    """One window of one scale and one mirror image after the other."""
    height, width = image.shape[:2]
    pixels = (image - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_STD)
    total, number = 0.0, 0
    for ratio in ratios:
        for mirrored in (False, True) if flip else (False,):
            size = (round(height * ratio), round(width * ratio))
            view = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
            view = F.interpolate(view, size, mode="bilinear", align_corners=False)
            if mirrored:
                view = torch.flip(view, [3])
            logits, count = torch.zeros(1, CLASSES, *size), torch.zeros(size)
            for row in range(max(size[0] - window + stride - 1, 0) // stride + 1):
                for column in range(max(size[1] - window + stride - 1, 0) // stride + 1):
                    bottom = min(row * stride + window, size[0])
                    right = min(column * stride + window, size[1])
                    top, left = max(bottom - window, 0), max(right - window, 0)
                    part = network(view[:, :, top:bottom, left:right])
                    logits[:, :, top:bottom, left:right] += part
                    count[top:bottom, left:right] += 1
            logits = F.interpolate(
                logits / count, (height, width), mode="bilinear", align_corners=False
            )
            if mirrored:
                logits = torch.flip(logits, [3])
            total = total + torch.softmax(logits[0], 0)
            number += 1
    return (total / number).numpy()


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize(
    ("ratios", "window", "stride"),
    [
        ((1.0,), 24, 17),
        ((0.6, 1.0, 1.3), 24, 24),
        ((0.6, 1.3), 32, 20),
        ((0.6, 1.0), 512, 480),  # every view is smaller than a window
        ((1.0, 1.3), 40, 30),  # higher than a window in some views, and never as wide
    ],
)
def test_equals_a_literal_loop(ratios, window, stride, flip, batch_size):
    network, image = Network(), noise(53, 37)
    expected = literal_prediction(network, image, ratios, flip, window, stride)
    views = Views(ratios, flip, window=window, stride=stride, batch_size=batch_size)
    found = predict_probabilities(network, image, views)
    assert found.shape == (CLASSES, 53, 37)
    assert found.dtype == np.float32
    assert expected.std(axis=(1, 2)).max() > 0.05  # there is something to tell apart
    np.testing.assert_allclose(found, expected, atol=2e-5)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)
    assert (found >= 0).all()


def test_windows_do_not_matter_to_a_network_that_sees_one_pixel():
    network, image = Network(kernel=1, stride=1), noise(40, 61)
    whole = predict_probabilities(network, image, Views((1.0, 1.3), window=512))
    parts = predict_probabilities(network, image, Views((1.0, 1.3), window=16, stride=11))
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_windows_matter_to_others():
    network, image = Network(), noise(40, 61)
    whole = predict_probabilities(network, image, Views((1.0,), window=512))
    parts = predict_probabilities(network, image, Views((1.0,), window=16, stride=11))
    assert np.abs(parts - whole).max() > 1e-3


def test_mirrored_image_has_the_mirrored_prediction():
    network, image = Network(), noise(40, 61)
    views = Views((0.7, 1.3), window=24, stride=19)
    single = replace(views, flip=False)
    found = predict_probabilities(network, image, views)
    mirrored = predict_probabilities(network, image[:, ::-1], views)
    np.testing.assert_allclose(mirrored[:, :, ::-1], found, atol=1e-5)
    alone = predict_probabilities(network, image, single)
    turned = predict_probabilities(network, image[:, ::-1], single)
    assert np.abs(turned[:, :, ::-1] - alone).max() > 1e-3


def test_windows_and_batches_have_the_sizes_asked_for():
    network = Network()
    predict_probabilities(network, noise(20, 50), Views((1.0,), window=24, stride=16, batch_size=2))
    # Three windows: 0–24, 16–40, 26–50, each with its mirror image.
    assert network.sizes == [(4, 3, 20, 24), (2, 3, 20, 24)]


@pytest.mark.parametrize(
    ("height", "width", "scale", "expected"),
    [
        (40, 60, (120, 50), 1.25),  # the short side bounds
        (40, 60, (50, 120), 1.25),  # in either order
        (20, 60, (120, 50), 2.0),  # the long side bounds
        (60, 40, (120, 50), 1.25),  # whichever way up
        (60, 80, (40, 40), 0.5),
    ],
)
def test_scale_multiplies_the_ratios(height, width, scale, expected):
    network, image = Network(), noise(height, width)
    found = predict_probabilities(network, image, Views((1.0, 2.0), False, scale))
    sizes = [(1, 3, round(height * expected * r), round(width * expected * r)) for r in (1, 2)]
    assert network.sizes == sizes
    plain = predict_probabilities(network, image, Views((expected, 2 * expected), False))
    np.testing.assert_allclose(found, plain, atol=1e-6)


def test_no_ratio_makes_a_side_vanish():
    found = predict_probabilities(Network(), noise(1, 9), Views((0.1, 1.0)))
    assert found.shape == (CLASSES, 1, 9)
    assert np.isfinite(found).all()


def test_the_published_views_are_six_sizes_with_their_mirror_images():
    assert PUBLISHED.scale is None and (PUBLISHED.window, PUBLISHED.stride) == (512, 480)
    network = Network()
    views = list(predict_views(network, noise(40, 60)))
    assert network.sizes == [(2, 3, 20 + 10 * i, 30 + 15 * i) for i in range(6)]
    assert {view.shape for view in views} == {(2, CLASSES, 40, 60)}
    mean = torch.stack(views).mean((0, 1))
    np.testing.assert_allclose(predict_probabilities(Network(), noise(40, 60)), mean, atol=1e-6)
