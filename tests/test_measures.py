import numpy as np
import pytest
import torch

from benchmarks.imitation import noisy_response
from urn.measures import METHODS
from urn.refinement import crf_mask
from urn.segmentation.inference import Views, predict_probabilities, predict_with_variance
from urn.uncertainty import normalised, weight_mask


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(90, 120, (30, 40, 3)).astype(np.uint8)


@pytest.fixture
def response():
    truth = np.zeros((30, 40), np.uint8)
    truth[5:20, 8:30] = 2
    return noisy_response(truth, 4).astype(np.float32)


def test_probability_is_that_of_the_cyclic_mask(image, response):
    mask = crf_mask(image, response)
    found = METHODS["probability"](image, response, np.zeros((30, 40)), "auto")
    for place in np.ndindex(mask.shape):
        assert found[place] == 1 - response[mask[place]][place]


def test_entropy_is_largest_where_all_classes_are_alike(image):
    response = np.zeros((4, 1, 3), np.float32)
    response[:, 0, 0] = 0.25
    response[:2, 0, 1] = 0.5
    response[0, 0, 2] = 1
    found = METHODS["entropy"](image[:1, :3], response, np.zeros((1, 3)), "auto")
    np.testing.assert_allclose(found, [[np.log(4), np.log(2), 0]], atol=1e-6)


def test_weights_span_the_image():
    values = np.float32([[0.2, 0.3, 0.4]])
    np.testing.assert_allclose(normalised(values), [[0, 0.5, 1]], atol=1e-4)
    assert weight_mask(normalised(values)).tolist() == [[255, 127, 0]]
    assert weight_mask(normalised(np.full((1, 3), 0.7, np.float32))).tolist() == [[255] * 3]


def test_variance_is_over_sizes_and_mirror_images():
    """A model whose logits depend on the place, so that the mirror image answers otherwise."""

    def model(images):
        across = torch.linspace(-1, 1, images.shape[3]).expand(len(images), 1, *images.shape[2:])
        return torch.cat([images[:, :1] * across, across, -across], dim=1)

    image = np.random.default_rng(2).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    mean, variance = predict_with_variance(model, image, Views(ratios=(1.0,)))
    assert variance.shape == (6, 8)
    alone = Views(ratios=(1.0,), flip=False)
    views = [predict_probabilities(model, image, alone)]
    views.append(predict_probabilities(model, image[:, ::-1], alone)[:, :, ::-1])
    np.testing.assert_allclose(mean, np.mean(views, axis=0), atol=1e-6)
    np.testing.assert_allclose(variance, np.var(views, axis=0).sum(axis=0), atol=1e-6)
    assert variance.max() > 0.01


@pytest.mark.parametrize("predict", [predict_probabilities, predict_with_variance])
def test_squares_are_taken_for_the_variance_alone(predict):
    image = np.zeros((4, 4, 3), np.uint8)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        predict(lambda images: images, image, Views(ratios=(1.0,)))
    squares = [event for event in profile.events() if event.name == "aten::square"]
    assert bool(squares) == (predict is predict_with_variance)
