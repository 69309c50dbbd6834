import numpy as np
import pytest

from benchmarks.imitation import noisy_response
from urn.crf import SEGMENTATION_CRF
from urn.files.images import read_image, read_mask
from urn.segmentation.channels import given_labels, select_channels
from urn.uncertainty import known_background, response_scaling

VOC_SCALES = (0.15, 0.2, 0.25, 4, 5, 6)


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:40, :50]
    colours = np.full((40, 50, 3), [60, 110, 70.0]) + row[..., None]
    colours[(row - 20) ** 2 + (column - 18) ** 2 < 190] = [150, 90, 60]
    return (colours + rng.normal(0, 3, colours.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def response():
    truth = np.zeros((40, 50), np.uint8)
    truth[8:30, 6:28] = 2
    truth[10:38, 28:46] = 4
    return noisy_response(truth, 6)


@pytest.mark.parametrize(
    "scales", [VOC_SCALES, (0.4, 0.5, 0.6, 2, 3, 4), (0.5, 2), (*VOC_SCALES, 1.5)]
)
def test_matches_a_literal_loop(image, response, scales, published):
    mask, uncertainty, weight = published.response_scaling(image, response, scales)
    assert len(np.unique(mask)) >= 3
    assert len(np.unique(weight)) >= 2
    result = response_scaling(image, response, scales)
    np.testing.assert_array_equal(result.mask, mask)
    np.testing.assert_allclose(result.uncertainty, uncertainty, atol=1e-5)
    np.testing.assert_array_equal(result.weight, weight)
    assert result.labels == tuple(np.unique(mask))
    assert (result.mask.dtype, result.weight.dtype) == (np.uint8, np.uint8)
    assert result.uncertainty.dtype == np.float32


def test_labels_name_the_channels(image, response):
    kept = [0, 2, 4]
    plain = response_scaling(image, response[kept], VOC_SCALES)
    named = response_scaling(image, response[kept], VOC_SCALES, labels=np.uint8([0, 17, 90]))
    assert set(named.labels) == {0, 17, 90}
    np.testing.assert_array_equal(named.mask, np.array([0, 17, 90])[plain.mask])
    np.testing.assert_array_equal(named.weight, plain.weight)


def test_only_differences_of_variance_count(published):
    """Every pixel changes with every scale, so none is less certain than another."""
    image = np.zeros((8, 12, 3), np.uint8)
    image[:, 6:] = 255
    response = np.full((2, 8, 12), 0.45)
    response[0, :, :6] = response[1, :, 6:] = 0.55
    masks = [
        published.crf(
            image, np.stack([response[0] ** scale, response[1]]), SEGMENTATION_CRF
        ).argmax(axis=0)
        for scale in (0.1, 10)
    ]
    assert (masks[0] != masks[1]).all()
    result = response_scaling(image, response, (0.1, 10))
    assert result.labels == (0, 1)
    assert (result.weight == 255).all()


def test_one_label_is_certain(image):
    response = np.stack([np.full((40, 50), 0.9), np.full((40, 50), 0.1)])
    result = response_scaling(image, response, VOC_SCALES, labels=[0, 5])
    assert result.labels == (0,)
    assert not result.mask.any()
    assert not result.uncertainty.any()
    assert (result.weight == 255).all()


@pytest.mark.parametrize(
    ("name", "seed", "confidence", "most"),
    [
        ("2007_000346", 0, 14, 10),
        ("2007_001763", 2, 12, 12),
        ("2007_003506", 0, 12, 8),
        # A hard one: with a minimum of 0.05 the masks differ on 0.2 % of the pixels.
        ("2007_001763", 2, 8, 21),
    ],
)
def test_dropped_channels_and_half_precision_change_nothing(
    shared_data, name, seed, confidence, most
):
    voc = shared_data / "voc12-mini"
    image = read_image(voc / "JPEGImages" / f"{name}.jpg")[::3, ::3]
    truth = read_mask(voc / "SegmentationClass" / f"{name}.png")[::3, ::3]
    response = noisy_response(truth, 21, seed, confidence)
    everything = response_scaling(image, response, VOC_SCALES)
    assert (everything.weight < 255).mean() > 0.03
    labels, maps = select_channels(response)
    assert len(labels) <= most
    stored = maps.astype(np.float16).astype(np.float32)
    result = response_scaling(image, stored, VOC_SCALES, labels)
    assert (result.mask == everything.mask).mean() >= 0.999
    assert (result.weight == everything.weight).mean() >= 0.999


def test_select_channels():
    response = np.zeros((4, 2, 3), np.float32)
    response[0], response[2, 1, 1], response[3, 0, 2] = 0.9, 0.3, 0.2
    labels, maps = select_channels(response, minimum=0.3)
    assert labels.tolist() == [0, 2]
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(maps, response[[0, 2]])
    assert select_channels(response, minimum=2)[0].tolist() == [0]


def test_given_labels():
    response = np.array([[[0.1, 0.5]], [[0.7, 0.2]], [[0.15, 0.0]], [[0.05, 0.3]]], np.float32)
    labels, maps = given_labels(response, {3})
    assert labels.tolist() == [0, 3]
    assert labels.dtype == np.uint8
    np.testing.assert_allclose(maps, [[[2 / 3, 5 / 8]], [[1 / 3, 3 / 8]]], rtol=1e-6)
    labels, maps = given_labels(response, set())
    assert labels.tolist() == [0] and (maps == 1).all()


@pytest.mark.parametrize(
    ("shape", "scales", "labels", "message"),
    [
        ((40, 50), (0.5, 2), None, "C×H×W"),
        ((3, 40, 50), (0.5, 2), [0, 1], "one label per channel"),
        ((3, 40, 50), (2,), None, "two or more positive"),
        ((3, 40, 50), (0, 2), None, "two or more positive"),
        ((3, 40, 51), (0.5, 2), None, "probabilities must be"),
    ],
)
def test_bad_arguments(image, shape, scales, labels, message):
    with pytest.raises(ValueError, match=message):
        response_scaling(image, np.ones(shape), scales, labels)


def test_what_is_known_to_be_background_is_as_a_sure_response_makes_it(image):
    shape = image.shape[:2]
    expected = response_scaling(image, np.ones((1, *shape)), VOC_SCALES, [0])
    found = known_background(shape)
    for name in ("mask", "uncertainty", "weight", "labels"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
