import pytest
import yaml

from rules.plan import configuration, input_folders
from urn.errors import UserError


@pytest.fixture
def config(tmp_path, monkeypatch):
    """The defaults, with a dataset of one's own, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((configuration.REPOSITORY / "config.yaml").read_text())
    entry = {"layout": "folder", "images": "photos", "train": "tags.csv", "classes": ["cat"]}
    entry |= {"teacher": "resnet18", "runs": {"resnet18": ["urn"]}}
    return config | {"datasets": {"mine": entry}}


@pytest.mark.parametrize(
    "folder", ["results/mine/pseudo_masks/own", "./results/x/../mine", "link/mine/cam"]
)
@pytest.mark.parametrize("key", ["images", "masks", "val", "pseudo_masks.folder", "corrections"])
def test_what_the_run_makes_is_no_input_of_it(config, tmp_path, key, folder):
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to("results")
    entry = config["datasets"]["mine"]
    if key == "pseudo_masks.folder":
        entry["pseudo_masks"] = {"refiner": "own", "folder": folder}
    else:
        entry[key] = folder
    with pytest.raises(UserError, match=rf"datasets\.mine\.{key} is {folder}, but results/mine"):
        input_folders.check(config)


@pytest.mark.parametrize("folder", ["masks", "results/other/cyclic_masks", ".", "results/mine2"])
def test_other_folders_are(config, folder):
    config["datasets"]["mine"]["images"] = folder
    input_folders.check(config)
