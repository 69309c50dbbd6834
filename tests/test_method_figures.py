"""The figures that explain the method, on one image."""

from dataclasses import replace

import numpy as np
import pytest

from urn.crf import SEGMENTATION_CRF
from urn.figures.crf_parameters import FACTORS, MEANING, changed, crf_parameters
from urn.figures.example import Example
from urn.figures.false_pixels import BOUNDARY, FALSE_POSITIVE
from urn.figures.pipeline import Stages, panels, pipeline
from urn.figures.response_scales import response_scales
from urn.figures.style import heat, mask_colours

NAMES = ["background", "cat", "dog"]


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return rng.integers(90, 120, (24, 32, 3)).astype(np.uint8)


@pytest.fixture
def response():
    """Background and dog; the dog is on the right."""
    dog = np.full((24, 32), 0.2, np.float32)
    dog[:, 20:] = 0.8
    return np.stack([1 - dog, dog])


@pytest.fixture
def example(image, response):
    return Example(image, response, np.uint8([0, 2]), None, NAMES)


@pytest.mark.parametrize(
    ("name", "factor", "value", "expected"),
    [
        ("gaussian sxy", 3, "3", {"gaussian": (3, 3)}),
        ("gaussian weight", 3, "9", {"gaussian": (1, 9)}),
        ("bilateral sxy", 0.1, "6.7", {"bilateral": (6.7, 3, 4)}),
        ("bilateral srgb", 3, "9", {"bilateral": (67, 9, 4)}),
        ("bilateral weight", 10, "40", {"bilateral": (67, 3, 40)}),
        ("iterations", 0.01, "1", {"iterations": 1}),
    ],
)
def test_one_parameter_is_changed(name, factor, value, expected):
    shown, parameters = changed(name, factor)
    assert shown == value
    found = vars(parameters)
    for part, other in vars(SEGMENTATION_CRF).items():
        assert found[part] == pytest.approx(expected.get(part, other))


def pictures(figure):
    return [axes.get_images()[0].get_array() for axes in figure.axes]


def test_every_parameter_has_a_row_with_the_published_mask_in_its_middle(example):
    figure = crf_parameters(example)
    assert len(figure.axes) == len(MEANING) * len(FACTORS) + 2  # image and mask without CRF, too
    texts = [text.get_text() for text in figure.texts]
    assert sum("(published)" in text for text in texts) == len(MEANING)
    unrefined = mask_colours(np.where(example.response[1] > 0.5, 2, 0))
    assert any((picture == unrefined).all() for picture in pictures(figure))
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["background", "dog"]


def test_responses_are_shown_at_every_scale_and_at_1(example):
    figure = response_scales(example, scales=[0.5, 4])
    texts = {text.get_text() for text in figure.texts}
    assert {"s = 0.5", "s = 1", "s = 4"} <= texts
    assert any("“dog”" in text for text in texts)
    shown = pictures(figure)
    for place, scale in enumerate((0.5, 1, 4), start=1):
        np.testing.assert_array_equal(shown[place], heat(example.response[1] ** scale))


def test_false_pixels_are_shown_and_counted_at_every_scale_where_the_truth_is_known(example):
    truth = np.zeros((24, 32), np.uint8)
    truth[:, 24:] = 2
    truth[:12] = 255
    known = replace(example, truth=truth)
    figure = response_scales(known, scales=[0.5, 4])
    without = response_scales(example, scales=[0.5, 4])
    assert len(figure.axes) == len(without.axes) + 3
    mask, false = pictures(figure)[-6], pictures(figure)[-2]  # at s = 1
    too_many = (mask == mask_colours(np.uint8(2))).all(axis=2) & (truth == 0)
    assert too_many.any()
    boundary = (false == BOUNDARY).all(axis=2)
    np.testing.assert_array_equal(
        (false == FALSE_POSITIVE).all(axis=2)[~boundary], too_many[~boundary]
    )
    counts = [text.get_text() for text in figure.texts if text.get_text().endswith(" %")]
    assert counts[1] == f"{100 * too_many.mean():.1f}, 0.0 %"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[-3:] == ["false positive", "missing positive", "boundary of the ground truth"]


@pytest.fixture
def stages(image):
    rng = np.random.default_rng(1)
    mask = rng.integers(0, 3, (4, 24, 32)).astype(np.uint8)
    return Stages(
        image=image,
        tags=("cat", "dog"),
        cam=rng.random((24, 32)),
        pseudo_mask=mask[0],
        response=rng.random((24, 32)),
        cyclic_mask=mask[1],
        weight=rng.integers(0, 256, (24, 32)).astype(np.uint8),
        others={"urn's mask": mask[2], "ground truth": mask[3]},
    )


def test_the_pipeline_shows_what_every_stage_made(stages):
    found = panels(stages, 0.3)
    assert list(found) == [
        *("image: cat, dog", "largest CAM of its tags", "pseudo-mask", "baseline's response"),
        *("cyclic mask", "uncertainty U", "loss weight Y, t = 0.3", "urn's mask", "ground truth"),
    ]
    np.testing.assert_array_equal(found["image: cat, dog"], stages.image)
    np.testing.assert_array_equal(found["cyclic mask"], mask_colours(stages.cyclic_mask))
    np.testing.assert_array_equal(
        found["ground truth"], mask_colours(stages.others["ground truth"])
    )
    np.testing.assert_array_equal(found["uncertainty U"], heat(1 - stages.weight / 255))
    y = np.where(stages.weight > 76, 1, 0.3)  # 76 ≤ 0.3 · 255 < 77
    np.testing.assert_array_equal(found["loss weight Y, t = 0.3"], heat(y))


def test_the_pipeline_without_cams_and_truth(stages):
    bare = {"cam": None, "others": {}}
    without = Stages(**{**vars(stages), **bare})
    assert len(panels(without, 0.3)) == len(panels(stages, 0.3)) - 3
    assert len(pipeline(without, 0.3, NAMES).axes) == 6
    figure = pipeline(stages, 0.3, NAMES)
    assert len(figure.axes) == 9
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [*NAMES, "0 (heat maps)", "1 (heat maps)"]
