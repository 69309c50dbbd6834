import os
import subprocess
import sys

import pytest

from rules.plan import data_files, layouts
from rules.plan.data_files import KINDS, fingerprint
from rules.plan.layouts.base import Files, Made

VOC = {"layout": "voc", "root": "r", "train": "train.txt", "val": "val.txt", "test": "test.txt"}


@pytest.fixture(autouse=True)
def _lists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for split in ("train", "val", "test"):
        for path in (f"r/{split}.txt", f"r/lists/{split}2014.txt"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(f"{split}1 3 18\n")


def test_files_of_the_layouts():
    photo, mask = "r/JPEGImages/train1.jpg", "r/SegmentationClass/train1.png"
    assert layouts.of(VOC).files(["train"]) == {"train": {"train1": Files(photo, mask, mask)}}
    tagged = layouts.of({**VOC, "tags": "xml"}).files(["train"])["train"]["train1"]
    assert tagged == Files(photo, "r/Annotations/train1.xml", mask)
    assert list(layouts.of(VOC).files(["test"])["test"]) == ["test1"]
    coco = {"layout": "coco", "root": "r", "train": "train2014", "val": "val2014"}
    found = layouts.of(coco).files(["train", "val"])["val"]
    assert found == {"val1": Files("r/val2014/val1.jpg", ("car", "dog"), "r/masks/val1.png")}
    assert layouts.of({"layout": "shapes"}).files(["train"]) == {"train": {}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fingerprint_changes_with_its_files_only(tmp_path, kind):
    names = [f"{k}.{when}" for k in KINDS for when in ("before", "after")]
    before = {"a": Files(*(f"{k}.before" for k in KINDS))}
    for name in names:
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1, 1))
    after = {"a": before["a"]._replace(**{kind: f"{kind}.after"})}
    for other in KINDS:
        same = fingerprint(before, [other]) == fingerprint(after, [other])
        assert same == (other != kind)


def test_a_fingerprint_is_of_the_ids_wanted():
    files = {i: Files(f"{i}.jpg", (), None) for i in "abc"}
    assert fingerprint(files, KINDS, "ab") == fingerprint(dict(list(files.items())[:2]), KINDS)
    assert fingerprint(files, KINDS, "ab") != fingerprint(files, KINDS)


def test_a_file_that_a_rule_makes_counts_as_made_until_it_is_changed(tmp_path):
    def state():
        data_files._found.cache_clear()
        return fingerprint({"a": Files(Made("a.jpg", "list.txt"), (), None)}, ["images"])

    planned = state()
    for name, time in (("a.jpg", 1), ("list.txt", 2)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time, time))
        assert state() == planned
    (tmp_path / "list.txt").unlink()  # made, but by a run that was stopped
    assert state() == planned
    (tmp_path / "list.txt").touch()
    os.utime(tmp_path / "list.txt", (2, 2))
    os.utime(tmp_path / "a.jpg", (3, 3))
    assert state() != planned


def test_planning_needs_the_standard_library_only():
    code = "import sys, rules.plan.data_files; print({'numpy', 'PIL', 'torch'} & set(sys.modules))"
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder
    )
    assert shown.stdout.strip() == "set()"
