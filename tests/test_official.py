"""The lists of ids that come with the project."""

import pytest

from urn.datasets import official
from urn.datasets.ids import voc_ids
from urn.errors import UserError

LISTS = {
    ("voc", "train"): (1464, "voc12_train"),
    ("voc", "val"): (1449, "voc12_val"),
    ("voc", "test"): (1456, "voc12_test"),
    ("voc", "trainaug"): (10582, "voc12_trainaug"),
    ("coco", "train2014"): (82081, "coco14_train"),
    ("coco", "val2014"): (40137, "coco14_val"),
}


@pytest.mark.parametrize(("layout", "name"), LISTS)
def test_every_id_once_in_order(layout, name):
    ids = official.ids(layout, name)
    assert len(ids) == LISTS[layout, name][0]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(("layout", "name"), LISTS)
def test_lists_are_the_fields(facts, layout, name):
    assert official.ids(layout, name) == voc_ids(facts / f"{LISTS[layout, name][1]}.txt")


def test_no_other_list_lies_there_and_all_are_small():
    files = list(official.FOLDER.rglob("*.xz"))
    assert {(file.parent.name, file.name.partition(".")[0]) for file in files} == set(LISTS)
    assert sum(file.stat().st_size for file in files) < 200_000


def test_a_list_is_written_as_it_lies_there(tmp_path):
    official.write(tmp_path / "a.xz", official.ids("voc", "val"))
    assert (tmp_path / "a.xz").read_bytes() == (official.FOLDER / "voc/val.txt.xz").read_bytes()


def test_lists_of_ones_own_count_instead(tmp_path):
    (tmp_path / "train.txt").write_text("a\nb\n")
    folder = str(tmp_path)
    assert official.has("voc", "train", folder) and not official.has("voc", "val", folder)
    assert official.ids("voc", "train", folder) == ["a", "b"]
    with pytest.raises(UserError, match="no official list absent of voc is known"):
        official.ids("voc", "absent")


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        ("bd", r"1 id missing: a and 1 id extra: d"),
        ("abcdef", r"4 ids extra: c, d, e, \.\.\."),
        ("ba", "their order is another"),
        ("aab", "some are there twice"),
    ],
)
def test_a_difference_is_told_with_the_first_ids(found, difference):
    message = rf"^t\.txt is not the list that is expected \(.*{difference}.*\): replace it$"
    with pytest.raises(UserError, match=message):
        official.require(found, "ab", "t.txt", "replace it")


def test_no_difference_is_fine():
    official.require(["a", "b"], ["a", "b"], "t.txt", "replace it")
