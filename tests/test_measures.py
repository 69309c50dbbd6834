import numpy as np
import pytest
import torch

from benchmarks.imitation import noisy_response
from urn.refinement import crf_mask
from urn.registry import MEASURES
from urn.segmentation.inference import Views, predict_probabilities, predict_with_variance
from urn.uncertainty import normalised, response_scaling, weight_mask


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(90, 120, (30, 40, 3)).astype(np.uint8)


@pytest.fixture
def response():
    truth = np.zeros((30, 40), np.uint8)
    truth[5:20, 8:30] = 2
    return noisy_response(truth, 4).astype(np.float32)


def measured(name, image, response, variance=None, **settings):
    labels = np.arange(len(response), dtype=np.uint8)
    return MEASURES[name].load()(image, response, labels, variance, "auto", **settings)


def test_probability_is_that_of_the_cyclic_mask(image, response):
    mask = crf_mask(image, response)
    expected = np.zeros(mask.shape, np.float32)
    for place in np.ndindex(mask.shape):
        expected[place] = 1 - response[mask[place]][place]
    found = measured("probability", image, response)
    np.testing.assert_array_equal(found, normalised(expected))


def test_entropy_is_largest_where_all_classes_are_alike(image):
    response = np.zeros((4, 1, 3), np.float32)
    response[:, 0, 0] = 0.25
    response[:2, 0, 1] = 0.5
    response[0, 0, 2] = 1
    found = measured("entropy", image[:1, :3], response)
    np.testing.assert_allclose(found, [[1, 0.5, 0]], atol=1e-5)


def test_variance_is_stretched_over_the_image(image, response):
    variance = np.linspace(0.1, 0.3, 1200, dtype=np.float32).reshape(30, 40)
    found = measured("tta_variance", image, response, variance)
    np.testing.assert_allclose(found, np.linspace(0, 1, 1200).reshape(30, 40), atol=1e-4)


def test_response_scaling_is_a_measure_with_scales(image, response):
    scales, labels = [0.5, 2], np.uint8([0, 3, 5, 9])
    expected = response_scaling(image, response, scales, labels)
    measure = MEASURES["urn"].load()
    found = measure(image, response, labels, None, "auto", scales=scales)
    assert expected.weight.min() < 255
    np.testing.assert_array_equal(weight_mask(found), expected.weight)


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
