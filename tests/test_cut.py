"""The normalised cut, and the filter that it is computed with."""

import numpy as np
import pytest
from published import INSTALLED

from urn.crf import DenseCRF
from urn.crf.dense_crf import BACKENDS
from urn.cut import normalised_cut

HEIGHT, WIDTH, SXY, SRGB = 12, 10, 80, 13


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "pydensecrf" and not INSTALLED:
        pytest.skip("needs pydensecrf: make reference installs it")
    return request.param


@pytest.fixture
def image():
    """Two soft regions with a little noise."""
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    edge = 1 / (1 + np.exp(-(column - WIDTH / 2 + np.sin(row)) * 2))
    colours = edge[..., None] * [120, 60, 30] + [60, 90, 120] + row[..., None] * 2
    return (colours + rng.normal(0, 2, colours.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def masks(image):
    """The bright region, a column of it, a random mask and soft ones."""
    bright = image[..., 0] > 120
    rng = np.random.default_rng(1)
    column = np.zeros_like(bright)
    column[:, -1] = True
    soft = rng.random((8, HEIGHT, WIDTH))
    return np.stack([bright, column, rng.random(bright.shape) > 0.5, *soft]).astype(np.float32)


def full_kernel(image):
    """The n×n bilateral kernel, normalised symmetrically."""
    place = np.stack(np.mgrid[:HEIGHT, :WIDTH], -1).reshape(-1, 2) / SXY
    features = np.hstack([place, image.reshape(-1, 3) / SRGB])
    kernel = np.exp(-0.5 * ((features[:, None] - features[None]) ** 2).sum(-1))
    norm = 1 / np.sqrt(kernel.sum(1))
    return norm[:, None] * kernel * norm[None]


def cut_by(kernel, mask):
    """The formula, pixel by pixel."""
    inside = mask.ravel().astype(float)
    outside, degrees = 1 - inside, kernel.sum(1)
    cut = outside @ kernel @ inside
    return cut / (inside @ degrees) + cut / (outside @ degrees)


def test_equals_brute_force_on_the_lattices_kernel(image, masks, backend):
    """With every element of the lattice's kernel read off by filtering single pixels."""
    crf = DenseCRF(image, bilateral=(SXY, SRGB, 1), backend=backend)
    pixels = HEIGHT * WIDTH
    columns = crf.bilateral(np.eye(pixels).reshape(pixels, HEIGHT, WIDTH))
    kernel = columns.reshape(pixels, pixels).T.astype(float)
    expected = [cut_by(kernel, mask) for mask in masks]
    np.testing.assert_allclose(normalised_cut(image, masks, backend=backend), expected, rtol=1e-5)


def test_agrees_with_the_gaussian_kernel(image, masks, backend):
    """The lattice is an approximation, of which the CRF's published results are made."""
    kernel = full_kernel(image)
    expected = [cut_by(kernel, mask) for mask in masks]
    actual = normalised_cut(image, masks, backend=backend)
    np.testing.assert_allclose(actual, expected, atol=0.03)
    assert actual.argmin() == np.argmin(expected) == 0


def test_masks_are_independent(image, masks, backend):
    crf = DenseCRF(image, bilateral=(SXY, SRGB, 1), backend=backend)
    alone = [normalised_cut(image, mask, crf) for mask in masks[:10]]
    together = normalised_cut(image, masks[:10].reshape(5, 2, HEIGHT, WIDTH), crf)
    np.testing.assert_allclose(together.ravel(), alone, rtol=1e-6)


def test_weight_does_not_matter(image, masks, backend):
    crf = DenseCRF(image, bilateral=(SXY, SRGB, 7), backend=backend)
    expected = normalised_cut(image, masks, backend=backend)
    np.testing.assert_allclose(normalised_cut(image, masks, crf), expected, rtol=1e-5)


def test_filter_is_the_inferences(image, backend):
    """Messages of the bilateral kernel alone, in one iteration of two labels."""
    crf = DenseCRF(image, gaussian=(1, 0), bilateral=(SXY, SRGB, 3), backend=backend)
    field = np.random.default_rng(2).random((2, HEIGHT, WIDTH)).clip(0.01)
    field /= field.sum(0)
    scores = np.log(field) + crf.bilateral(field)
    expected = np.exp(scores) / np.exp(scores).sum(0)
    np.testing.assert_allclose(crf.inference(field, iterations=1), expected, atol=1e-4)


@pytest.mark.parametrize("value", [0, 1])
def test_empty_and_full_masks_count_one(image, value, backend):
    assert normalised_cut(image, np.full((HEIGHT, WIDTH), value), backend=backend) == 1


@pytest.mark.parametrize("bad", [np.full((HEIGHT, WIDTH), 2.0), np.full((HEIGHT, WIDTH), np.nan)])
def test_bad_masks(image, bad):
    with pytest.raises(ValueError, match="booleans or in"):
        normalised_cut(image, bad)


def test_bad_shape(image):
    with pytest.raises(ValueError, match=r"values must be \(\.\.\., 12, 10\)"):
        normalised_cut(image, np.zeros((3, 4)))


def test_kernel_without_weight(image, masks):
    with pytest.raises(ValueError, match="no weight"):
        normalised_cut(image, masks, DenseCRF(image, bilateral=(SXY, SRGB, 0)))
