from dataclasses import replace

import numpy as np
import pytest
from published import INSTALLED

from urn.crf import PPMG_CRF, SEGMENTATION_CRF, CRFParameters, DenseCRF
from urn.crf.dense_crf import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "pydensecrf" and not INSTALLED:
        pytest.skip("needs pydensecrf: make reference installs it")
    return request.param


def smooth_image(height=12, width=10, seed=0):
    """Two soft regions with a little noise."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:height, :width]
    edge = 1 / (1 + np.exp(-(column - width / 2 + np.sin(row)) * 2))
    colours = edge[..., None] * [120, 60, 30] + [60, 90, 120] + row[..., None] * 2
    return (colours + rng.normal(0, 2, colours.shape)).clip(0, 255).astype(np.uint8)


def random_fields(*shape, seed=1):
    fields = np.random.default_rng(seed).random(shape, dtype=np.float32) ** 2
    return fields / fields.sum(axis=-3, keepdims=True)


def brute_force(image, field, parameters):
    """Mean field with the full n×n kernels."""
    height, width, _ = image.shape
    place = np.stack(np.mgrid[:height, :width][::-1], -1).reshape(-1, 2).astype(float)
    colour = image.reshape(-1, 3).astype(float)
    (sxy, weight), (bilateral_sxy, srgb, bilateral_weight) = (
        parameters.gaussian,
        parameters.bilateral,
    )
    message = 0
    for features, compat in (
        (place / sxy, weight),
        (np.hstack([place / bilateral_sxy, colour / srgb]), bilateral_weight),
    ):
        kernel = np.exp(-0.5 * ((features[:, None] - features[None]) ** 2).sum(-1))
        norm = 1 / np.sqrt(kernel.sum(1))
        message = message + compat * norm[:, None] * kernel * norm[None]

    def softmax(scores):
        exponential = np.exp(scores - scores.max(0))
        return exponential / exponential.sum(0)

    log_p = np.log(np.clip(field, 1e-5, 1)).reshape(len(field), -1)
    q = softmax(log_p)
    for _ in range(parameters.iterations):
        q = softmax(log_p + q @ message)
    return q.reshape(field.shape)


def infer(image, fields, parameters=SEGMENTATION_CRF, backend="auto"):
    crf = DenseCRF(image, parameters.gaussian, parameters.bilateral, backend)
    return crf.inference(fields, parameters.iterations)


# The published widths with weaker weights: strong ones turn the lattice's small errors, which are
# pydensecrf's own, into other fixed points.
@pytest.mark.parametrize(
    "parameters",
    [CRFParameters((3, 1.5), (80, 13, 1.5)), CRFParameters((1, 1.5), (67, 3, 1))],
)
def test_agrees_with_brute_force(parameters, backend):
    image, field = smooth_image(), random_fields(3, 12, 10)
    expected = brute_force(image, field, parameters)
    for without in (
        replace(parameters, gaussian=(1, 0)),
        replace(parameters, bilateral=(1, 1, 0)),
        replace(parameters, iterations=1),
    ):  # each part matters more than the tolerance
        assert np.abs(expected - brute_force(image, field, without)).max() > 0.1
    np.testing.assert_allclose(infer(image, field, parameters, backend), expected, atol=5e-2)


@pytest.mark.parametrize("parameters", [PPMG_CRF, SEGMENTATION_CRF])
def test_agrees_with_a_new_pydensecrf_object_per_field(parameters, backend, published):
    image = smooth_image(40, 30)
    fields = random_fields(4, 2, 40, 30)
    expected = np.stack([published.crf(image, field, parameters) for field in fields])
    actual = infer(image, fields, parameters, backend)
    np.testing.assert_allclose(actual, expected, atol=1e-3)
    if backend == "pydensecrf":
        from benchmarks.published import plain_crf

        new_objects = [plain_crf(image, field, parameters) for field in fields]
        np.testing.assert_array_equal(actual, np.stack(new_objects))


def test_fields_do_not_influence_each_other(backend):
    image = smooth_image(30, 20)
    crf = DenseCRF(image, backend=backend)
    fields = random_fields(2, 3, 4, 30, 20)
    together = crf.inference(fields)
    crf.inference(random_fields(2, 30, 20))  # another label count in between
    for batch in np.ndindex(2, 3):
        np.testing.assert_array_equal(crf.inference(fields[batch]), together[batch])


@pytest.mark.parametrize("labels", [1, 2, 3, 5, 9, 21])
def test_masks_are_the_likeliest_labels(labels, backend):
    image, fields = smooth_image(20, 30), random_fields(2, 5, labels, 20, 30)
    crf = DenseCRF(image, backend=backend)
    masks = crf.masks(fields)
    assert (masks.shape, masks.dtype) == ((2, 5, 20, 30), np.uint8)
    np.testing.assert_array_equal(masks, crf.inference(fields).argmax(axis=-3))


def test_ties_go_to_the_lower_label(backend):
    fields = np.full((3, 4, 9, 9), 0.25)
    np.testing.assert_array_equal(
        DenseCRF(np.full((9, 9, 3), 7, np.uint8), backend=backend).masks(fields, iterations=0), 0
    )


def test_marginals_sum_to_one(backend):
    marginals = infer(smooth_image(), random_fields(5, 3, 12, 10) * 0.1, backend=backend)
    assert marginals.dtype == np.float32
    np.testing.assert_allclose(marginals.sum(axis=1), 1, atol=1e-5)


def test_labels_are_alike(backend):
    image, field, order = smooth_image(), random_fields(4, 12, 10), [2, 0, 3, 1]
    np.testing.assert_allclose(
        infer(image, field[order], backend=backend),
        infer(image, field, backend=backend)[order],
        atol=1e-5,
    )


def test_no_iterations_normalises_the_clipped_field(backend):
    field = random_fields(3, 12, 10) * 2
    field[0, :6] = 0
    clipped = np.clip(field, 1e-5, 1)
    np.testing.assert_allclose(
        DenseCRF(smooth_image(), backend=backend).inference(field, iterations=0),
        clipped / clipped.sum(axis=0),
        rtol=1e-5,
        atol=1e-6,
    )


def test_constant_image_and_field(backend):
    field = np.broadcast_to(np.float32([0.7, 0.3])[:, None, None], (2, 9, 9))
    marginals = infer(np.full((9, 9, 3), 90, np.uint8), field, backend=backend)
    assert (marginals[0] > 0.9).all()


def test_single_label_is_certain(backend):
    marginals = infer(smooth_image(), np.zeros((2, 1, 12, 10)), backend=backend)
    np.testing.assert_array_equal(marginals, np.ones((2, 1, 12, 10), np.float32))


def test_no_field(backend):
    assert infer(smooth_image(), np.zeros((0, 2, 12, 10)), backend=backend).shape == (0, 2, 12, 10)


@pytest.mark.parametrize("size", [(7, 1), (1, 7), (1, 1)])
def test_thin_images(size, backend):
    field = random_fields(2, *size)
    expected = brute_force(smooth_image(*size), field, SEGMENTATION_CRF)
    actual = infer(smooth_image(*size), field, backend=backend)
    np.testing.assert_allclose(actual, expected, atol=5e-2)


def test_any_memory_layout(backend):
    image, fields = smooth_image(12, 12), random_fields(2, 3, 12, 12)
    expected = infer(image, fields, backend=backend)
    image_layout = np.asfortranarray(image)
    image_layout.flags.writeable = False
    spread = np.zeros((2, 3, 12, 24))
    spread[..., ::2] = fields
    spread.flags.writeable = False
    actual = infer(image_layout, spread[..., ::2], backend=backend)
    np.testing.assert_array_equal(actual, expected)


def test_arguments_stay_unchanged(backend):
    image, fields = smooth_image(), random_fields(2, 3, 12, 10)
    before = image.copy(), fields.copy()
    crf = DenseCRF(image, backend=backend)
    expected = crf.inference(fields)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(fields, before[1])
    image[:] = 0  # and the caller's later edits do not reach the CRF
    np.testing.assert_array_equal(crf.inference(random_fields(2, 3, 12, 10)), expected)
    np.testing.assert_array_equal(DenseCRF(before[0], backend=backend).inference(fields), expected)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5), np.uint8), "H×W×3"),
        (np.zeros((3, 4, 5), np.uint8), "H×W×3"),
        (np.zeros((4, 5, 3), np.float32), "uint8"),
        (np.zeros((0, 5, 3), np.uint8), "H×W×3"),
    ],
)
def test_bad_image(image, message):
    with pytest.raises(ValueError, match=message):
        DenseCRF(image)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (np.ones((2, 4, 6)), r"\(\.\.\., L, 4, 5\)"),
        (np.ones((4, 5)), r"\(\.\.\., L, 4, 5\)"),
        (np.ones((0, 4, 5)), r"\(\.\.\., L, 4, 5\)"),
        (np.ones((2, 4, 5), np.int64), "floating point"),
        (np.full((2, 4, 5), np.nan), "finite"),
        (np.full((2, 4, 5), np.inf), "finite"),
        (np.full((2, 4, 5), -0.1), "not negative"),
    ],
)
def test_bad_probabilities(probabilities, message):
    with pytest.raises(ValueError, match=message):
        DenseCRF(np.zeros((4, 5, 3), np.uint8)).inference(probabilities)


def test_bad_settings():
    image = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(
        ValueError, match="unknown CRF backend 'fast': use auto, numba, torch, pydensecrf"
    ):
        DenseCRF(image, backend="fast")
    with pytest.raises(ValueError, match="widths must be positive"):
        DenseCRF(image, bilateral=(67, 0, 4))
    with pytest.raises(ValueError, match="weights must not be negative"):
        DenseCRF(image, gaussian=(1, -3))
    with pytest.raises(ValueError, match="at least 1"):
        DenseCRF(image, threads=0)
    with pytest.raises(ValueError, match="256 labels"):
        DenseCRF(image).masks(np.ones((257, 4, 5)))
    with pytest.raises(ValueError, match="iterations"):
        DenseCRF(image).inference(np.ones((2, 4, 5)), iterations=-1)
