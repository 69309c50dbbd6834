"""Which images are to be corrected first."""

import numpy as np
import pytest

from urn.datasets.index import Entry
from urn.files.images import write_grey
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
    entries = [Entry(f"{n}", "train", image, None, ("cat",)) for n, (image, _) in enumerate(scenes)]
    weights = [tmp_path / f"{n}.png" for n in range(4)]
    for path in weights:
        write_grey(path, np.full((8, 8), 128, np.uint8))
    uncertainty = [0.1, 0.4, 0.3, 0.2]
    selected = select(np.array(uncertainty), np.ones((4, 1), bool), 3)
    write_selection_page(tmp_path / "next.html", "mine", entries, weights, uncertainty, selected)
    text = (tmp_path / "next.html").read_text()
    places = [text.index(line) for line in ("1. 1: uncertain 40 %", "2. 2: ", "3. 3: ")]
    assert places == sorted(places) and "4. 0" not in text
