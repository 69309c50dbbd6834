"""Files that a run made, spoilt since: each is named, with the words that mend it."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from urn.errors import UserError
from urn.files.archives import read_archive, write_archive
from urn.files.images import read_made

sys.path.append(str(Path(__file__).parents[1] / "workflow_scripts"))

from _scores import folder_of, read_score, write_score
from _tables import read_table, write_table

LABELS, MAPS = np.array([3]), np.full((1, 4, 5), 0.5)


def spoilt(path, name, content):
    """An archive with another content in one of its parts."""
    write_archive(path, [("a", LABELS, MAPS)])
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for part, old in parts.items():
            archive.writestr(part, content(old) if part == name else old)


def array(values):
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


def test_an_archive_comes_back(tmp_path):
    write_archive(tmp_path / "a.npz", [("a", LABELS, MAPS)])
    ((image_id, labels, maps),) = read_archive(tmp_path / "a.npz", ["a"])
    assert image_id == "a" and labels.dtype == np.uint8 and maps.dtype == np.float32
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(maps, MAPS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a/maps.npy", lambda old: b""),
        ("a/maps.npy", lambda old: b"text"),
        ("a/maps.npy", lambda old: old[:-2]),
        ("a/maps.npy", lambda old: old.replace(b"(1, 4, 5)", b"(9**9,)  ")),
        ("a/maps.npy", lambda old: old.replace(b"(1, 4, 5)", b"(9, 9, 9)")),
        ("a/maps.npy", lambda old: array(MAPS)),
        ("a/maps.npy", lambda old: array(np.array([None]))),
        ("a/labels.npy", lambda old: array(np.arange(2, dtype=np.uint8))),
    ],
)
def test_a_spoilt_part_of_an_archive(tmp_path, name, content):
    spoilt(tmp_path / "a.npz", name, content)
    with pytest.raises(UserError, match=r"archive .*a\.npz cannot be used .*: delete it and run"):
        list(read_archive(tmp_path / "a.npz", ["a"]))


@pytest.mark.parametrize("content", [b"", b"<html>", bytes(300)])
def test_a_spoilt_archive(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"archive .*a\.npz cannot be used .*: delete it and run"):
        list(read_archive(tmp_path / "a.npz", ["a"]))


def test_a_spoilt_mask(tmp_path):
    path = tmp_path / "a.png"
    again = ": delete it and run again$"
    with pytest.raises(UserError, match=r"a\.png does not exist" + again):
        read_made(path)
    path.write_bytes(b"garbage")
    with pytest.raises(UserError, match=r"a\.png cannot be read \(.*\)" + again):
        read_made(path)
    Image.new("RGB", (3, 2)).save(path)
    with pytest.raises(UserError, match=r"a\.png has mode RGB" + again):
        read_made(path)
    Image.new("L", (3, 2)).save(path)
    with pytest.raises(UserError, match="not of the size of its image" + again):
        read_made(path, (3, 2))
    assert read_made(path, (2, 3)).shape == (2, 3)


def test_tables_and_scores_come_back(tmp_path):
    table = pd.DataFrame({"b": [1.5, 2]}, index=pd.Index(["x", "y"], name="a"))
    write_table(tmp_path / "t.tsv", table, index=True)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.tsv", "ab", index_col="a"), table)
    write_table(tmp_path / "t.tsv", table)
    assert (tmp_path / "t.tsv").read_text() == "b\n1.5\n2.0\n"
    write_score(tmp_path / "miou.txt", 41.507, "mIoU (%) of masks")
    assert (tmp_path / "miou.txt").read_text() == "41.51\tmIoU (%) of masks\n"
    assert read_score(tmp_path / "miou.txt") == (41.51, "mIoU (%) of masks")


def test_a_score_names_the_folder_of_images_in_subfolders():
    assert folder_of("results/mine/masks/beach/a.png", "beach/a") == "results/mine/masks"


@pytest.mark.parametrize("name", ["NA", "null", "nan", "None", "true", "1", "01", "1e5"])
def test_names_stay_text(tmp_path, name):
    path = tmp_path / "iou.tsv"
    write_table(path, pd.DataFrame({"class": [name, name], "iou": [np.nan, 50]}))
    table = read_table(path, ["class", "iou"])
    assert table["class"].tolist() == [name, name]
    assert table["iou"].isna().tolist() == [True, False] and table["iou"][1] == 50
    assert read_table(path, ["class"], index_col="class").index.tolist() == [name, name]


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\x00\n", b"a\tb\n", b"b\n1\n"])
def test_a_spoilt_table(tmp_path, content):
    (tmp_path / "curve.tsv").write_bytes(content)
    with pytest.raises(UserError, match=r"table .*curve\.tsv cannot be used .*: delete it and run"):
        read_table(tmp_path / "curve.tsv", ["a", "b"])


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\tx", b"x\tmIoU", b"1\tm\tx"])
def test_a_spoilt_score(tmp_path, content):
    (tmp_path / "miou.txt").write_bytes(content)
    with pytest.raises(UserError, match=r"score .*miou\.txt cannot be used .*: delete it and run"):
        read_score(tmp_path / "miou.txt")
