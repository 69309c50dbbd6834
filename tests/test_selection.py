"""Which images are to be corrected first."""

import numpy as np
import pytest

from urn.corrections.weights import read_weight
from urn.datasets.index import Entry
from urn.files.images import write_grey, write_mask
from urn.report.selection import write_selection_page
from urn.selection import select


def positions(uncertainty, tags, number):
    return [of.position for of in select(np.array(uncertainty), np.array(tags, bool), number)]


@pytest.mark.parametrize(
    ("uncertainty", "tags", "number", "expected"),
    [
        ([0.1, 0.3, 0.2], [[1], [1], [1]], 2, [1, 2]),  # the uncertain first
        ([0.2, 0.2, 0.2, 0.1], [[1, 0], [1, 0], [1, 0], [0, 1]], 1, [3]),  # half of it, but rarer
        ([0.4, 0.39, 0.3, 0.29], [[1, 0], [1, 0], [0, 1], [0, 1]], 4, [0, 2, 1, 3]),  # spread
        ([0.2, 0.2], [[1], [1]], 2, [0, 1]),  # of equals the first
        ([0.9, 0.1], [[0], [1]], 5, [1]),  # no tag, nothing to correct
        ([0.0, 0.1], [[1], [1]], 5, [1]),  # all of it is corrected
    ],
)
def test_uncertain_images_of_rare_classes_come_first(uncertainty, tags, number, expected):
    assert positions(uncertainty, tags, number) == expected


def test_reasons_are_told():
    tags = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], bool)
    first, second = select(np.array([0.6, 0.2, 0.1, 0.1]), tags, 2)
    # 4 tags of 2 classes: 2 images of a class in the mean.
    assert (first.position, first.rarity) == (0, pytest.approx(2 / 3))
    assert first.gain == pytest.approx(0.6 * 2 / 3)
    assert (second.position, second.gain) == (3, pytest.approx(0.1 * 2))


def test_page_shows_the_selected_in_order(scenes, tmp_path):
    entries = [Entry(f"{n}", "train", file, None, ("cat",)) for n, (file, _) in enumerate(scenes)]
    weights = [np.full((8, 8), 255 - 51 * n, np.uint8) for n in range(4)]
    selected = select(np.array([0, 0.2, 0.4, 0.6]), np.ones((4, 1), bool), 2)
    images = [(entries[of.position], weights[of.position]) for of in selected]
    write_selection_page(tmp_path / "next.html", "mine", selected, images)
    text = (tmp_path / "next.html").read_text()
    assert 0 < text.index("1. 3: uncertain 60 %") < text.index("2. 2: uncertain 40 %")
    assert text.count("<img") == 2
    write_selection_page(tmp_path / "next.html", "mine", [], [])
    assert (
        "No training image with a tag has an uncertain pixel"
        in (tmp_path / "next.html").read_text()
    )


def test_corrected_pixels_are_certain(tmp_path):
    write_grey(tmp_path / "weight.png", np.full((4, 4), 51, np.uint8))
    correction = np.full((4, 4), 255, np.uint8)
    correction[:2] = 1
    write_mask(tmp_path / "drawn.png", correction)
    weight = read_weight(tmp_path / "weight.png", tmp_path / "drawn.png")
    assert (weight[:2] == 255).all() and (weight[2:] == 51).all()
    assert (read_weight(tmp_path / "weight.png", None) == 51).all()
