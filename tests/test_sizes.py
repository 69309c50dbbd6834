"""The sizes at which networks look at images, where they are `auto`."""

import os
from functools import partial
from pathlib import Path

import pytest
import yaml
from PIL import Image

from rules.plan import sizes
from rules.plan.dataset import Dataset
from urn.datasets.shapes import draw_scene

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def config():
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


@pytest.fixture
def mine(config, tmp_path):
    """Makes a dataset of one's own with train photographs of these widths and heights."""

    def made(*shapes, **changes):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        rows = [f"{Path(file).name},cat,train" for file in images(folder, *shapes)]
        (folder / "tags.csv").write_text("\n".join(["image,tags,split", *rows, ""]))
        entry = {"layout": "folder", "images": str(folder), "train": str(folder / "tags.csv")}
        entry |= {"classes": ["cat"], "teacher": "efficientnet_lite0"}
        entry |= {"runs": {"resnet18": ["urn"]}} | changes
        return Dataset(config | {"datasets": {"mine": entry}}, "mine")

    return made


def images(folder, *shapes):
    """Files of white images of these widths and heights."""
    files = [str(folder / f"{n}.png") for n in range(len(shapes))]
    for file, shape in zip(files, shapes, strict=True):
        Image.new("L", shape).save(file)
    return files


@pytest.mark.parametrize(
    ("shapes", "working_size", "expected"),
    [
        ([(160, 120)] * 3, "auto", (160, 120)),
        ([(100, 200), (900, 20), (30, 40)], "auto", (200, 100)),
        ([(2000, 1500)], "auto", (1182, 887)),
        ([(2000, 1500)], 400, (400, 300)),
        ([(2000, 1500)], "original", (2000, 1500)),
        ([], "auto", None),
    ],
)
def test_the_typical_image_is_the_median_as_it_is_worked_on(
    tmp_path, shapes, working_size, expected
):
    assert sizes.typical(images(tmp_path, *shapes), working_size) == expected


def test_images_are_spread_over_the_list(tmp_path):
    """Of 150 files every third is opened."""
    small, large = images(tmp_path, (64, 48), (320, 240))
    assert sizes.typical([large, small, small] * 50, "auto") == (320, 240)
    assert sizes.typical([small, large, large] * 50, "auto") == (64, 48)


def test_what_cannot_be_read_is_passed_over(tmp_path):
    (good,) = images(tmp_path, (320, 240))
    damaged, pipe = tmp_path / "damaged.jpg", tmp_path / "pipe.png"
    damaged.write_bytes(b"\xff\xd8\xff\xe0 no photograph")
    os.mkfifo(pipe)
    bad = [str(damaged), str(pipe), str(tmp_path / "missing.png"), str(tmp_path)]
    assert sizes.typical([*bad, good], "auto") == (320, 240)
    assert sizes.typical(bad, "auto") is None


def test_headers_of_phones_photographs_are_read():
    photo = REPOSITORY / "tests" / "photo.heic"
    assert sizes.typical([str(photo)], "auto") == (48, 32)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [(None, 512), ((160, 120), 256), ((256, 9), 256), ((400, 300), 400), ((1182, 887), 512)],
)
def test_networks_look_at_images_within_limits(sides, expected):
    assert sizes.network_size(sides) == expected


@pytest.mark.parametrize(
    ("side", "long_side", "crop", "affinity_crop", "resize"),
    [
        (512, [320, 512], 320, 320, [1024, 320]),
        (500, [312, 500], 320, 312, [1000, 312]),
        (400, [250, 400], 256, 248, [800, 250]),
        (256, [160, 256], 160, 160, [512, 160]),
    ],
)
def test_sizes_follow_from_one(config, side, long_side, crop, affinity_crop, resize):
    expected = {
        "classification": {"long_side": long_side, "crop": crop, "cam_size": side},
        "affinity": {"long_side": long_side, "crop": affinity_crop},
        "segmentation": {"resize": resize, "crop": crop},
    }
    for section, values in expected.items():
        found = sizes.decided(config[section], section, lambda: side)
        assert found == config[section] | values


def test_images_decide_what_the_configuration_leaves_open(mine):
    small, usual = mine((160, 120)), mine(*[(2000, 1500)] * 2)
    assert small.settings("classification")["long_side"] == [160, 256]
    assert usual.settings("classification")["long_side"] == [320, 512]
    own = mine((160, 120), segmentation={"crop": 96, "by_backbone": {"resnet18": {"crop": "auto"}}})
    assert own.settings("segmentation", own.teacher)["crop"] == 96
    assert own.settings("segmentation", "resnet18")["crop"] == 160
    assert own.settings("multi_crop.classification")["cam_size"] == 256
    planned = own.planned
    assert planned["network_size"] == planned["classification"]["cam_size"] == 256
    assert planned["segmentation"]["resnet18"]["resize"] == [512, 160]
    assert "auto" not in str({name: planned[name] for name in sizes.DECIDED})


def test_a_plan_in_one_line(mine):
    line = mine((2000, 1500), (2000, 1500)).summary
    assert line == (
        "mine: 2 train images, worked on at about 1182 × 887 pixels; classifier 600 iterations on "
        "crops of 320; segmentation 1000 iterations on crops of 320 (budget normal): "
        "results/mine/plan.yaml"
    )


def test_images_that_rules_make_need_not_be_there(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [Dataset(config, name).network_size for name in ("voc", "coco")] == [512, 512]
    drawn = [draw_scene("train", number, seed=0)[0].shape[:2] for number in range(9)]
    longer = sorted(max(shape) for shape in drawn)[4]
    assert Dataset(config, "shapes").typical_sides[0] == pytest.approx(longer, abs=12)


PUBLISHED = {"long_side": [448, 768], "crop": 448, "cam_size": None}


@pytest.mark.parametrize(
    ("dataset", "classification", "affinity", "segmentation"),
    [
        ("voc", PUBLISHED, ([500, 500], 448), ([2048, 512], 512)),
        ("coco", PUBLISHED, ([640, 640], 448), ([2048, 512], 512)),
        (
            "shapes",
            {"long_side": [144, 256], "crop": 160, "cam_size": None},
            ([144, 256], 160),
            ([720, 288], 160),
        ),
        (
            "voc12-mini",
            {"long_side": [288, 448], "crop": 288, "cam_size": None},
            ([288, 448], 288),
            ([1000, 375], 256),
        ),
    ],
)
def test_measured_configurations_name_their_sizes(
    config, dataset, classification, affinity, segmentation
):
    mini = REPOSITORY / "docs" / "configurations" / "voc12-mini.yaml"
    config["datasets"] |= yaml.safe_load(mini.read_text())["datasets"]
    found = Dataset(config, dataset)
    of = partial(_of, found)
    assert of("classification", *PUBLISHED) == list(classification.values())
    assert of("affinity", "long_side", "crop") == list(affinity)
    assert of("segmentation", "resize", "crop") == list(segmentation)
    if found.has_two_classifiers():
        assert of("multi_crop.classification", *PUBLISHED) == list(classification.values())


def _of(dataset, section, *keys):
    settings = dataset.settings(section)
    return [settings[key] for key in keys]
