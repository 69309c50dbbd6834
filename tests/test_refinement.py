from functools import partial

import numpy as np
import pytest

from urn.affinity.network import AffinityNet
from urn.affinity.refinement import affinity_refine
from urn.crf import CAM_CRF, PPMG_CRF, SEGMENTATION_CRF
from urn.refinement import crf_mask, crf_refine, ppmg
from urn.registry import REFINERS


def literal_ppmg(published, image, cams, alpha=11):
    """The published recipe, pixel by pixel where it decides."""
    foregrounds, weights = [], []
    ids = sorted(cams)
    for k in ids:
        v = cams[k].astype(np.float64)
        active = v[v > 0.05]
        cv = 0.3 * np.std(active) / np.mean(active + 1e-8) if active.size else 0
        s = v.copy()
        s[s < 0.05] = 0
        s = s ** (1 - cv)
        marginals = published.crf(image, np.stack([(1 - s) ** alpha, s]), PPMG_CRF)
        f = marginals[1] > 0.5
        foregrounds.append(f)
        weights.append(v / (1 + (v * f).sum()))
    mask = np.zeros(image.shape[:2], np.uint8)
    for y, x in np.ndindex(mask.shape):
        best = np.prod([1 - f[y, x] for f in foregrounds])
        for k, f, w in zip(ids, foregrounds, weights, strict=True):
            if f[y, x] * w[y, x] > best:
                best, mask[y, x] = f[y, x] * w[y, x], k
    return mask


def blob(height, width, y, x, radius):
    row, column = np.mgrid[:height, :width]
    distance = ((row - y) ** 2 + (column - x) ** 2) / radius**2
    return np.maximum(1.1 * np.exp(-distance) - 0.1, 0).astype(np.float32)


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:40, :50]
    colours = np.full((40, 50, 3), [60, 110, 70.0])
    colours[(row - 20) ** 2 + (column - 18) ** 2 < 190] = [190, 80, 60]
    colours[(row - 22) ** 2 + (column - 36) ** 2 < 60] = [80, 70, 180]
    return (colours + rng.normal(0, 4, colours.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def cams():
    return {15: blob(40, 50, 22, 36, 9), 3: blob(40, 50, 20, 18, 16), 7: np.zeros((40, 50))}


def test_parameters_are_the_published_ones():
    row = PPMG_CRF
    assert (row.gaussian, row.bilateral, row.iterations) == ((3, 10), (80, 13, 10), 10)
    row = CAM_CRF
    assert (row.gaussian, row.bilateral, row.iterations) == ((3, 3), (80, 13, 10), 10)
    row = SEGMENTATION_CRF
    assert (row.gaussian, row.bilateral, row.iterations) == ((1, 3), (67, 3, 4), 10)


def test_crf_mask_gives_class_ids(image, published):
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([1, 1, 1], (40, 50)).transpose(2, 0, 1).astype(np.float32)
    expected = published.crf(image, probabilities, SEGMENTATION_CRF).argmax(0)
    assert len(np.unique(expected)) == 3
    np.testing.assert_array_equal(crf_mask(image, probabilities), expected)
    named = crf_mask(image, probabilities, [0, 9, 90])
    assert named.dtype == np.uint8
    np.testing.assert_array_equal(named, np.array([0, 9, 90])[expected])


def test_crf_refiner_matches_the_formula(image, cams, published):
    maps = np.stack([cams[3], cams[7], cams[15]]).astype(np.float64)
    background = (1 - maps.max(0)) ** 24
    marginals = published.crf(image, np.stack([background, *maps]), CAM_CRF)
    expected = np.array([0, 3, 7, 15])[marginals.argmax(0)]
    assert set(np.unique(expected)) == {0, 3, 15}
    np.testing.assert_array_equal(crf_refine(image, cams), expected)


@pytest.mark.parametrize("alpha", [4, 11])
def test_ppmg_matches_the_literal_recipe(image, cams, alpha, published):
    expected = literal_ppmg(published, image, cams, alpha)
    assert set(np.unique(expected)) == {0, 3, 15}
    np.testing.assert_array_equal(ppmg(image, cams, alpha=alpha), expected)


def test_ppmg_matches_the_literal_recipe_where_classes_meet(published):
    """Tiny areas, where the 1 in the share's denominator counts, and CAMs that interlace."""
    rng = np.random.default_rng(0)
    image = rng.integers(90, 100, (6, 7, 3), dtype=np.uint8)
    image[:, :3] += 90
    cams = {1: rng.random((6, 7)), 2: rng.random((6, 7)), 8: 0.3 * rng.random((6, 7))}
    cams[8][:, 3:] = 0
    expected = literal_ppmg(published, image, cams)
    assert set(np.unique(expected)) == {1, 2, 8}
    np.testing.assert_array_equal(ppmg(image, cams), expected)


def test_ppmg_small_objects_win_where_classes_meet(image):
    large, small = np.full((40, 50), 0.9, np.float32), 0.8 * blob(40, 50, 22, 36, 6)
    mask = ppmg(image, {1: large, 2: small})
    assert mask[22, 36] == 2
    assert mask[5, 5] == 1


def test_more_alpha_means_less_background(image, cams):
    assert (ppmg(image, cams, alpha=4) == 0).sum() > (ppmg(image, cams, alpha=24) == 0).sum()


def test_equal_cams_go_to_the_lower_id(image, cams):
    mask = ppmg(image, {9: cams[3], 4: cams[3]})
    assert set(np.unique(mask)) == {0, 4}


@pytest.fixture(scope="module", params=REFINERS)
def refine(request):
    """A refiner, `affinity` with a network that has learned nothing."""
    if request.param == "affinity":
        return partial(affinity_refine, network=AffinityNet("resnet18").eval())
    return REFINERS[request.param].load()


def test_every_refiner(refine, image, cams):
    mask = refine(image, cams)
    assert (mask.shape, mask.dtype) == ((40, 50), np.uint8)
    nothing = refine(image, {})
    np.testing.assert_array_equal(nothing, np.zeros((40, 50), np.uint8))
    assert nothing.dtype == np.uint8
    assert not refine(image, {5: np.zeros((40, 50))}).any()


@pytest.mark.parametrize(
    ("cams", "message"),
    [
        ({1: np.zeros((40, 49))}, "CAM of class 1"),
        ({2: np.full((40, 50), 1.5)}, r"class 2 must lie in \[0, 1\]"),
        ({2: np.full((40, 50), np.nan)}, r"class 2 must lie in \[0, 1\]"),
        ({0: np.zeros((40, 50))}, "ids"),
        ({255: np.zeros((40, 50))}, "ids"),
    ],
)
def test_bad_cams(refine, cams, message, image):
    with pytest.raises(ValueError, match=message):
        refine(image, cams)


def test_bad_probabilities(image):
    with pytest.raises(ValueError, match="K×H×W"):
        crf_mask(image, np.ones((40, 50)))
    with pytest.raises(ValueError, match="3 channels need as many labels"):
        crf_mask(image, np.ones((3, 40, 50)), labels=[0, 1])
