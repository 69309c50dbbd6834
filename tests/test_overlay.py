"""What is left to do when configuration files are laid over each other."""

from pathlib import Path

import pytest

from rules.plan import overlay
from urn.errors import UserError


@pytest.mark.parametrize(
    ("config", "given", "t"),
    [
        ({"t": 0.05, "threshold": 0.1}, {"threshold": 0.1}, 0.1),
        ({"t": 0.1, "threshold": 0.1}, {"t": 0.1, "threshold": 0.1}, 0.1),
        ({"t": 0.05}, {}, 0.05),
    ],
)
def test_threshold_is_t(config, given, t):
    overlay.settle(config, given)
    assert config == {"t": t}


@pytest.mark.parametrize("given", [{"t": 0.2, "threshold": 0.1}, {}])
def test_t_and_threshold_may_not_differ(given):
    with pytest.raises(UserError, match=r"t is 0\.2 but threshold, .*, is 0\.1: give one of them"):
        overlay.settle({"t": 0.2, "threshold": 0.1}, given)


def test_runs_of_a_dataset_replace_those_beneath():
    runs = {"resnet18": ["urn"]}
    given = {"datasets": {"voc": {"runs": runs}}}
    config = {"datasets": {"voc": {"runs": {"res2net101": ["urn"], **runs}}, "b": {"runs": {}}}}
    overlay.settle(config, given)
    assert config["datasets"] == {"voc": {"runs": runs}, "b": {"runs": {}}}


def test_home_is_expanded_in_paths_only():
    config = {
        "datasets": {"a": {"images": "~/photos", "train": 3, "classes": ["~x"]}, "b": 5},
        "pretrained": {"resnet18": {"path": "~/w.pth"}},
    }
    overlay.settle(config, {"datasets": []})
    assert config["datasets"]["a"]["images"] == str(Path.home() / "photos")
    assert config["datasets"]["a"]["classes"] == ["~x"]
    assert config["pretrained"]["resnet18"]["path"] == str(Path.home() / "w.pth")


def test_a_dataset_of_another_layout_under_a_built_in_name_is_told():
    base = {"datasets": {"voc": {"layout": "voc"}, "shapes": {"layout": "shapes"}}}
    given = {"datasets": {"voc": {"layout": "folder"}, "shapes": {"train": 3}, "mine": {}}}
    (sentence,) = overlay.shadowed(base, given)
    assert "datasets.voc of layout 'folder'" in sentence and "give it another name" in sentence
