"""Published checkpoints: mxnet's files read without it, and weights brought into trainings."""

import re
import struct

import numpy as np
import pytest
import torch
import yaml
from test_workflow import REPOSITORY, planned, snakemake

from urn.backbones import build_backbone
from urn.backbones.mxnet_file import TYPES, read_mxnet_arrays
from urn.backbones.published import read_checkpoint, resnet38_name
from urn.errors import UserError

ARRAYS = {
    "arg:conv1a_weight": np.arange(24, dtype="<f4").reshape(2, 3, 2, 2),
    "aux:bn2a_branch2a_moving_mean": np.array([0.5, -2], "<f2"),
    "arg:bn2a_branch2a_gamma": np.array([7], "<i8"),
}


def as_mxnet(arrays, version):
    """What mxnet writes; `version` is the mark of an array, None for the oldest kind, without."""
    content = struct.pack("<QQQ", 0x112, 0, len(arrays))
    for array in arrays.values():
        if version is None:
            content += struct.pack(f"<I{array.ndim}I", array.ndim, *array.shape)
        else:
            content += struct.pack("<I", version)
            if version != 0xF993FAC8:
                content += struct.pack("<i", 0)  # dense
            content += struct.pack(f"<I{array.ndim}q", array.ndim, *array.shape)
        kind = [np.dtype(name) for name in TYPES].index(array.dtype)
        content += struct.pack("<iii", 1, 0, kind) + array.tobytes()
    content += struct.pack("<Q", len(arrays))
    for name in arrays:
        content += struct.pack("<Q", len(name)) + name.encode()
    return content


@pytest.mark.parametrize("version", [None, 0xF993FAC8, 0xF993FAC9, 0xF993FACA])
def test_mxnet_arrays_are_read(version, tmp_path):
    (tmp_path / "a.params").write_bytes(as_mxnet(ARRAYS, version))
    read = read_mxnet_arrays(tmp_path / "a.params")
    assert list(read) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype


def test_other_files_are_the_users_to_mend(tmp_path):
    path = tmp_path / "a.params"
    content = as_mxnet(ARRAYS, 0xF993FAC9)
    sparse = content[:28] + struct.pack("<i", 1) + content[32:]
    for wrong, reason in (
        (content[:-1], "cut short"),
        (content[:100], "cut short"),
        (b"<html>Sign in</html>" * 9, "does not begin as one"),
        (sparse, "an array is sparse"),
        (content[:16] + b"\2" + content[17:], "cut short|names"),
    ):
        path.write_bytes(wrong)
        with pytest.raises(UserError, match=f"is no file of mxnet arrays .*{reason}"):
            read_mxnet_arrays(path)
        with pytest.raises(UserError, match=r"is not a checkpoint .*: fetch it again"):
            read_checkpoint(path, "torch")
    for kind in ("torch", "mxnet"):
        with pytest.raises(UserError, match="cannot be read"):
            read_checkpoint(tmp_path / "absent", kind)


def test_openmmlabs_names_of_res2net_are_read(tmp_path):
    with torch.device("meta"):
        ours = list(build_backbone("res2net101", pretrained=False).network.state_dict())
    theirs = [re.sub(r"^conv1\.(\d)\.", r"stem.\1.", re.sub(r"^bn1\.", "stem.7.", n)) for n in ours]
    assert sum(name.startswith("stem.") for name in theirs) == 18
    torch.save({name: torch.zeros(1) for name in theirs}, tmp_path / "a.pth")
    assert list(read_checkpoint(tmp_path / "a.pth", "torch")) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("arg:conv1a_weight", "conv1a.weight"),
        ("arg:res2a_branch2a_weight", "b2.conv_branch2a.weight"),
        ("arg:res4b5_branch2b1_weight", "b4_5.conv_branch2b1.weight"),
        ("arg:res5a_branch1_weight", "b5.conv_branch1.weight"),
        ("arg:bn6a_branch2b2_beta", "b6.bn_branch2b2.bias"),
        ("arg:bn3b2_branch2a_gamma", "b3_2.bn_branch2a.weight"),
        ("aux:bn7_moving_var", "bn7.running_var"),
        ("aux:bn2b1_branch2b1_moving_mean", "b2_1.bn_branch2b1.running_mean"),
    ],
)
def test_names_of_resnet38(theirs, ours):
    assert resnet38_name(theirs) == ours


def mxnet_name(name):
    """The published file's name of a tensor of ours."""
    layer, tensor = name.rsplit(".", 1)
    norm = {"weight": "gamma", "bias": "beta"}
    norm |= {"running_mean": "moving_mean", "running_var": "moving_var"}
    if match := re.fullmatch(r"b(\d)(?:_(\d))?\.(conv|bn)_(branch\w+)", layer):
        stage, position, kind, branch = match.groups()
        block = f"{stage}b{position}" if position else f"{stage}a"
        return (
            f"arg:res{block}_{branch}_weight"
            if kind == "conv"
            else f"arg:bn{block}_{branch}_{norm[tensor]}"
        )
    return f"arg:{layer}_{norm[tensor] if layer == 'bn7' else tensor}"


def test_resnet38_is_read_from_mxnets_file(tmp_path):
    """All tensors of the network, but for their numbers: they are of shape 1 here."""
    with torch.device("meta"):
        network = build_backbone("resnet38", pretrained=False).network
    ours = [name for name in network.state_dict() if "num_batches_tracked" not in name]
    arrays = {mxnet_name(name): np.full(1, n, "<f4") for n, name in enumerate(ours)}
    arrays["arg:linear1000_bias"] = np.zeros(1, "<f4")
    (tmp_path / "a.params").write_bytes(as_mxnet(arrays, None))
    state = read_checkpoint(tmp_path / "a.params", "mxnet")
    assert state.pop("linear1000.bias") == 0
    assert {name: int(value) for name, value in state.items()} == {
        name: n for n, name in enumerate(ours)
    }


def configuration(folder, checkpoint, **classification):
    """The tiny dataset, its classifier on a ResNet-18 whose weights are in a file of one's own."""
    tiny = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    entry = tiny["datasets"]["tiny"]
    entry["classification"] |= {"backbone": "resnet18", "iterations": 1, "learning_rate": 1e-12}
    entry["classification"] |= {"new_layers_factor": 1} | classification
    weights = {"name": "w.pth", "path": str(checkpoint), "urls": [], "format": "torch"}
    file = folder / "changed.yaml"
    file.write_text(yaml.safe_dump({**tiny, "pretrained": {"resnet18": weights}}))
    return file


MODEL = "results/tiny/cam/classifier.pth"


@pytest.mark.slow
def test_a_training_starts_from_the_published_weights(tmp_path):
    torch.manual_seed(5)
    state = build_backbone("resnet18").network.state_dict()
    state["layer4.1.bn2.running_var"] += 0.25
    torch.save({**state, "fc.weight": torch.zeros(2)}, tmp_path / "mine.pth")
    file = configuration(tmp_path, tmp_path / "mine.pth")
    assert planned(tmp_path, MODEL, configuration=file)["pretrained"] == 1
    snakemake(tmp_path, MODEL, configuration=file)
    trained = torch.load(tmp_path / MODEL, weights_only=True)["state_dict"]
    for name in ("conv1.weight", "layer4.1.bn2.running_var"):
        torch.testing.assert_close(trained[f"backbone.network.{name}"], state[name])


def test_without_weights_none_are_needed(tmp_path):
    (tmp_path / "mine.pth").touch()
    file = configuration(tmp_path, tmp_path / "mine.pth", pretrained="none")
    assert "pretrained" not in planned(tmp_path, MODEL, configuration=file)


def test_weights_of_another_network_are_the_users_to_mend(tmp_path):
    torch.save({"conv1.weight": torch.zeros(2)}, tmp_path / "other.pth")
    file = configuration(tmp_path, tmp_path / "other.pth")
    code, output = snakemake(
        tmp_path, "results/pretrained/resnet18.pth", configuration=file, check=False
    )
    assert code != 0
    assert re.search(r"other\.pth does not fit resnet18 .*Missing key", output)
    assert "Traceback" not in output
