"""What only the PyTorch backend could get wrong; what all backends share is in test_crf.py."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from urn.crf import PPMG_CRF, SEGMENTATION_CRF, lattice, numba_backend, torch_lattice
from urn.crf.torch_backend import RUN, Engine

HEIGHT, WIDTH = 60, 80


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a graphics card that PyTorch can use")
    return request.param


@pytest.fixture(params=[PPMG_CRF, SEGMENTATION_CRF], ids=["refinement", "segmentation"])
def parameters(request):
    return request.param


def structured_image(height=HEIGHT, width=WIDTH, seed=0):
    """A disc before a graded sky and a bright strip, with noise that grows to the right."""
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), [90, 140, 200]) + y[..., None] * 0.5
    image[(y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 4) ** 2] = [180, 70, 40]
    image[:, width // 2 : width // 2 + 6] = [240, 240, 200]
    noise = np.random.default_rng(seed).normal(size=image.shape)
    return (image + noise * (x * 12 / width)[..., None]).clip(0, 255).astype(np.uint8)


def softmax_fields(fields, labels, height=HEIGHT, width=WIDTH, seed=1):
    """Smooth label fields."""
    scores = np.random.default_rng(seed).normal(size=(fields, labels, height, width))
    scores = gaussian_filter(scores, (0, 0, 2, 2))
    power = np.exp(2 * scores / scores.std())
    return (power / power.sum(axis=1, keepdims=True)).astype(np.float32)


def engine(image, parameters, device, memory=1 << 29):
    return Engine(image, parameters.gaussian, parameters.bilateral, 1, memory, device)


def assert_agrees_with_pydensecrf(published, image, fields, parameters, device):
    expected = np.stack([published.crf(image, field, parameters) for field in fields])
    actual = engine(image, parameters, device).inference(fields, parameters.iterations)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, atol=1e-3)
    assert (actual.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.9999


@pytest.mark.parametrize("labels", [2, 3, 5, 21])
def test_agrees_with_pydensecrf(labels, parameters, device, published):
    fields = softmax_fields(2, labels)
    assert_agrees_with_pydensecrf(published, structured_image(), fields, parameters, device)


@pytest.mark.parametrize("labels", [2, 3, 5, 21])
def test_agrees_with_the_numba_backend(labels, parameters, device):
    """After a few iterations: each one adds to what rounding has done to undecided pixels."""
    image, fields = structured_image(), softmax_fields(3, labels)
    other = numba_backend.Engine(image, parameters.gaussian, parameters.bilateral, 1, 1 << 29)
    actual = engine(image, parameters, device).inference(fields, 3)
    np.testing.assert_allclose(actual, other.inference(fields, 3), atol=1e-4)


def test_the_lattice_is_the_numba_backends(parameters, device):
    """Bit by bit, but for the numbers that vertices go by."""
    image, order = structured_image(), np.arange(HEIGHT * WIDTH, dtype=np.int32)
    sxy, srgb, _ = parameters.bilateral
    expected = lattice.build_lattice(lattice.bilateral_features(image, order, sxy, srgb))
    features = torch_lattice.bilateral_features(image, sxy, srgb, torch.device(device))
    actual = torch_lattice.build_lattice(features)
    np.testing.assert_array_equal(actual.weights.cpu(), expected.weights)
    assert len(actual.starts) == expected.vertices
    pairs = np.stack([actual.corners.cpu().numpy().ravel(), expected.corners.ravel()])
    assert len(np.unique(pairs, axis=1).T) == expected.vertices
    with_neighbours = [
        len(pairs) + (longer < expected.vertices).sum() for pairs, longer in expected.axes
    ]
    assert [there.any(1).sum().item() for there in actual.exists] == with_neighbours


def test_masks_are_the_likeliest_labels(parameters, device):
    crf, fields = engine(structured_image(), parameters, device), softmax_fields(3, 5)
    masks = crf.masks(fields, parameters.iterations)
    assert masks.dtype == np.uint8
    np.testing.assert_array_equal(masks, crf.inference(fields, parameters.iterations).argmax(1))


def test_ties_go_to_the_lower_label(device):
    field = np.float32([0.1, 0.3, 0.3, 0.3])[None, :, None, None]
    fields = np.tile(field, (2, 1, HEIGHT, WIDTH))
    masks = engine(structured_image(), SEGMENTATION_CRF, device).masks(fields, 0)
    np.testing.assert_array_equal(masks, np.ones((2, HEIGHT, WIDTH)))


@pytest.mark.parametrize("labels", [2, 3])
def test_memory_changes_nothing(labels, parameters, device):
    image, fields = structured_image(), softmax_fields(5, labels)
    expected = engine(image, parameters, device).inference(fields, parameters.iterations)
    for memory in (1, 1 << 20):  # one field at a time, and some of them
        actual = engine(image, parameters, device, memory).inference(fields, parameters.iterations)
        np.testing.assert_allclose(actual, expected, atol=1e-6)


def test_results_repeat(parameters, device):
    image, fields = structured_image(), softmax_fields(2, 5)
    first, second = (
        engine(image, parameters, device).inference(fields, parameters.iterations) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("size", [(40, 1), (1, 40), (1, 1)])
def test_thin_images(size, parameters, device, published):
    fields = softmax_fields(2, 3, *size)
    assert_agrees_with_pydensecrf(published, structured_image(*size), fields, parameters, device)


def test_constant_image(parameters, device, published):
    """Very many pixels share a vertex."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    sxy, srgb, _ = parameters.bilateral
    features = torch_lattice.bilateral_features(image, sxy, srgb, torch.device("cpu"))
    assert torch_lattice.build_lattice(features).starts.diff().max() > 3 * RUN
    assert_agrees_with_pydensecrf(published, image, softmax_fields(2, 3), parameters, device)


def test_no_iterations_normalise_the_clipped_field(device):
    fields = softmax_fields(2, 3) * 2
    fields[0, :, :6] = 0
    clipped = np.clip(fields, 1e-5, 1)
    np.testing.assert_allclose(
        engine(structured_image(), SEGMENTATION_CRF, device).inference(fields, 0),
        clipped / clipped.sum(axis=1, keepdims=True),
        rtol=1e-5,
    )


def test_too_small_widths(device):
    with pytest.raises(ValueError, match="kernel widths are too small"):
        Engine(structured_image(), (1, 3), (67, 1e-3, 4), 1, 1 << 29, device)
