"""The choice of a refiner's alpha by what its masks cost."""

import numpy as np
import pytest

from urn.alpha import AREA, alpha_costs, choose, class_costs
from urn.cut import normalised_cut
from urn.refinement import crf_refine, ppmg

COSTS = {
    "a": {1: np.array([0.9, 0.2, 0.3, 0.1]), 3: np.array([0.5, 0.5, 0.6, 0.9])},
    "b": {1: np.array([0.7, 0.4, 0.3, 0.2])},
    "c": {},
}


@pytest.fixture
def disc():
    """An image of a red disc on noise, and a CAM that is vague about it."""
    rows, columns = np.mgrid[:60, :80]
    distance = np.hypot(rows - 28, columns - 40)
    image = np.random.default_rng(0).integers(90, 130, (60, 80, 3), dtype=np.uint8)
    image[distance < 14] += np.array([100, 0, 0], np.uint8)
    return image, np.exp(-(distance**2) / 500).astype(np.float32), distance < 14


def test_every_class_costs_what_it_does_alone(disc):
    image, cam, _ = disc
    cams = {4: cam, 9: np.ones_like(cam), 11: np.zeros_like(cam)}
    costs = alpha_costs(image, cams, [1, 6], ppmg)
    areas = ppmg(image, {4: cam}, alpha=[[1], [6]]) == 4
    expected = normalised_cut(image, areas) + AREA * areas.mean(axis=(1, 2))
    np.testing.assert_allclose(costs[4], expected, atol=1e-6)
    assert (areas[0] != areas[1]).any()
    assert costs[9].tolist() == [1 + AREA, 1 + AREA]
    assert costs[11].tolist() == [1, 1]


def test_least_cost_finds_the_disc(disc):
    image, cam, truth = disc
    alphas = [0.5, 1, 2, 4, 8, 16]
    costs = alpha_costs(image, {1: cam}, alphas, ppmg)
    _, places = choose({"disc": costs}, steps=len(alphas))
    errors = [(ppmg(image, {1: cam}, alpha=alpha) != truth).mean() for alpha in alphas]
    assert errors[places["disc"][1]] == min(errors) < 0.02
    assert max(errors) > 0.1


def test_classes_count_alike():
    means = class_costs(COSTS)
    assert list(means) == [1, 3]
    np.testing.assert_allclose(means[1], [0.8, 0.3, 0.3, 0.15])


@pytest.mark.parametrize(
    ("steps", "chosen"),
    [
        (0, {"a": {1: 1, 3: 1}, "b": {1: 1}, "c": {}}),
        (1, {"a": {1: 1, 3: 1}, "b": {1: 2}, "c": {}}),
        (9, {"a": {1: 3, 3: 1}, "b": {1: 3}, "c": {}}),
    ],
)
def test_choice(steps, chosen):
    assert choose(COSTS, steps) == (1, chosen)


def test_nothing_to_choose_by():
    with pytest.raises(ValueError, match="no image has a class"):
        choose({"c": {}})


@pytest.mark.parametrize("refine", [crf_refine, ppmg])
def test_alphas_of_classes_and_of_masks(disc, refine):
    image, cam, _ = disc
    cams = {2: cam, 7: np.ascontiguousarray(cam[:, ::-1] * cam[::-1])}
    one, other = refine(image, cams, alpha=0.5), refine(image, cams, alpha=9)
    assert (one != other).any()
    both = refine(image, cams, alpha=[[0.5], [9]])
    np.testing.assert_array_equal(both, [one, other])
    np.testing.assert_array_equal(refine(image, cams, alpha=[0.5, 0.5]), one)
    mixed = refine(image, cams, alpha=[[0.5, 9]])
    assert mixed.shape == (1, 60, 80)
    assert refine(image, {}, alpha=[[0.5], [9]]).shape == (2, 60, 80)


def test_areas_of_ppmg_are_each_their_own(disc):
    image, cam, _ = disc
    cams = {2: cam, 7: 0.2 * np.roll(cam, 30, axis=1)}
    mixed = ppmg(image, cams, alpha=[1.5, 6])
    assert ((mixed == 2) <= (ppmg(image, cams, alpha=1.5) == 2)).all()
    assert ((mixed == 7) <= (ppmg(image, cams, alpha=6) == 7)).all()


@pytest.mark.parametrize("alpha", [0, [1, -1], [1, 2, 3]])
def test_bad_alpha(disc, alpha):
    image, cam, _ = disc
    with pytest.raises(ValueError, match="alpha must be positive, one or one for each of 2"):
        ppmg(image, {1: cam, 2: cam}, alpha=alpha)
