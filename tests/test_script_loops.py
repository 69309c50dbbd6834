"""What the scripts loop over: the images of a shard, and those whose truth is known."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from urn.datasets.index import Entry, Index
from urn.errors import UserError
from urn.files.archives import write_archive
from urn.files.images import write_grey, write_mask

sys.path.append(str(Path(__file__).parents[1] / "workflow_scripts"))

from _segmentation import training_set
from _shards import each_archived
from _truths import each_compared, known


@pytest.fixture
def index(tmp_path):
    """Three train images of 6×9 pixels; the truth of the second is not known."""
    entries = []
    for number, name in enumerate("abc"):
        image, truth = tmp_path / f"{name}.png", tmp_path / f"{name}_truth.png"
        write_grey(image, np.full((6, 9), 10 * number, np.uint8))
        write_mask(truth, np.full((6, 9), number, np.uint8))
        entries.append(Entry(name, "train", image, None if name == "b" else truth, ("cat",)))
    return Index(("cat", "dog"), tuple(entries))


def test_images_come_with_their_maps_in_the_order_asked_for(index, tmp_path):
    labels, maps = np.uint8([1, 2]), np.stack([np.full((4, 6), 0.25), np.full((4, 6), 0.5)])
    write_archive(tmp_path / "maps.npz", [(name, labels, maps) for name in "abc"])
    first, second = each_archived(index, str(tmp_path / "maps.npz"), ["c", "a"], 6, "maps")
    assert (first.entry, second.entry) == (index["c"], index["a"])
    assert first.image.shape == (4, 6, 3)
    assert (first.image == 20).all() and (second.image == 0).all()
    assert first.size == (6, 9)
    assert list(first.cams) == [1, 2]
    np.testing.assert_array_equal(first.cams[2], maps[1])


class Files(dict):
    """A job's input files by name."""

    __getattr__ = dict.__getitem__


def made(folder, values):
    for name, value in zip("abc", values, strict=True):
        write_mask(folder / f"{name}.png", np.full((6, 9), value, np.uint8))
    return [str(folder / f"{name}.png") for name in "abc"]


def test_images_without_truth_are_passed_over_with_their_files(index, tmp_path):
    files = made(tmp_path / "one", (5, 6, 7)), made(tmp_path / "two", (1, 2, 3))
    found = list(each_compared(index, "train", *files, description="scores"))
    assert [image.entry.id for image in found] == ["a", "c"]
    assert [image.truth.max() for image in found] == [0, 2]
    assert [[mask.max() for mask in image.made] for image in found] == [[5, 1], [7, 3]]
    assert known(index, "train") == [index["a"], index["c"]]


@pytest.mark.parametrize("weighted", [True, False])
def test_segmentation_learns_from_what_people_say(index, tmp_path, weighted):
    masks, weights = made(tmp_path / "masks", (0, 1, 2)), made(tmp_path / "weights", (7, 8, 9))
    drawn = tmp_path / "corrections"
    write_mask(drawn / "c.png", np.zeros((6, 9), np.uint8))
    files = {"masks": masks, "weights": weights if weighted else [], "corrections": [str(drawn)]}
    settings = {"crop": 32, "resize": [64, 32], "ratios": [1, 1]}
    params = SimpleNamespace(settings=settings, working_size="auto", rejected=["b"])
    found = training_set(SimpleNamespace(input=Files(files), params=params), index)
    kept = [
        tuple(sample[f"{kind}_path"] for kind in ("img", "mask", "weight", "correction"))
        for sample in found.load_data_list()
    ]
    of = dict(zip("abc", weights, strict=True)) if weighted else dict.fromkeys("abc")
    assert kept == [
        (index["a"].image, masks[0], of["a"], None),
        (index["c"].image, masks[2], of["c"], drawn / "c.png"),
    ]


def test_a_file_for_every_image_is_needed(index, tmp_path):
    files = made(tmp_path / "one", (5, 6, 7))
    with pytest.raises(ValueError, match="shorter"):
        list(each_compared(index, "train", files[:2], description="scores"))


def test_nothing_is_scored_without_truth(index):
    with pytest.raises(UserError, match="no val image has a mask to compare with"):
        known(index, "val")
    with pytest.raises(UserError, match="no val image has a mask to compare with"):
        list(each_compared(index, "val", [], description="scores"))
