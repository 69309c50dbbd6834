"""Checkpoints, models and weights from anywhere: nothing in them runs, and each fault is told."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from tiny_training import TinyModel, tiny_model, train_tiny

from urn.backbones.published import read_checkpoint
from urn.errors import UserError
from urn.files.models import load_model, save_model
from urn.files.tensors import UnusableFileError, misfit, read_tensors

pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")


class Code:
    """Runs a command where it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def declared_larger(state):
    """A file of tensors in which one claims to take more than the file has."""
    written = io.BytesIO()
    torch.save(state, written)
    larger = io.BytesIO()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(larger, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.endswith("/data/0"):
                new.writestr(part.filename, bytes(1 << 24), zipfile.ZIP_DEFLATED)
            else:
                new.writestr(part.filename, content)
    return larger.getvalue()


STATE = {"weight": torch.arange(2048.0).view(2, 1024)}


def flipped(content):
    """In the midst of the tensor's numbers."""
    middle = content.index(STATE["weight"].numpy().tobytes()) + 4096
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


def saved(state=STATE):
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


FAULTS = {
    "web page": (b"<!DOCTYPE html><html>Sign in</html>", "it is a web page"),
    "text": (b"error: quota exceeded\n" * 9, "it is text"),
    "a letter": (b"e", "it is text"),
    "random": (np.random.default_rng(1).bytes(5000), "its content is of another kind"),
    "empty": (b"", "it is empty"),
    "cut": (saved()[:-700], "it is damaged or cut short"),
    "flipped": (flipped(saved()), "it is damaged or cut short"),
    "no names": (saved([1, 2]), "it holds no tensors by name"),
    "sparse": (saved({"a": torch.eye(2).to_sparse()}), "it holds tensors of odd kinds"),
    "without numbers": (saved({"a": torch.empty(2, device="meta")}), "tensors of odd kinds"),
    "larger": (declared_larger(STATE), "it would grow when it is unpacked"),
}


@pytest.mark.parametrize(("content", "reason"), FAULTS.values(), ids=FAULTS)
def test_what_is_no_checkpoint_is_told_in_our_words(tmp_path, content, reason):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.pth is not a checkpoint \(.*{reason}\): fetch it"):
        read_checkpoint(path, "torch")
    with pytest.raises(UserError, match=rf"a\.pth is not a checkpoint \(.*{reason}\): delete it"):
        load_model(path, lambda meta: TinyModel())


@pytest.mark.parametrize("new", [True, False])
def test_both_formats_of_tensors_are_read(tmp_path, new):
    torch.save({**STATE, "epoch": 3}, tmp_path / "a", _use_new_zipfile_serialization=new)
    read = read_tensors(tmp_path / "a")
    assert read["epoch"] == 3 and torch.equal(read["weight"], STATE["weight"])


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("new", [True, False, None])
def test_code_in_a_file_is_not_run(tmp_path, new):
    path, sign = tmp_path / "a.pth", tmp_path / "sign"
    hostile = {**STATE, "harm": Code(f"touch {sign}")}
    if new is None:
        path.write_bytes(pickle.dumps(hostile))
    else:
        torch.save(hostile, path, _use_new_zipfile_serialization=new)
    with pytest.raises(UnusableFileError, match=r"code to run|is not a checkpoint"):
        read_tensors(path)
    assert not sign.exists()


def test_code_in_a_training_s_checkpoint_is_not_run(tmp_path, caplog):
    work, sign = tmp_path / "work", tmp_path / "sign"
    train_tiny(tiny_model(), work, tmp_path / "curve.tsv")
    meta = {"iter": 99, "settings": Code(f"touch {sign}")}
    torch.save({"meta": meta, "settings": meta["settings"]}, work / "iteration_99.pth")
    train_tiny(tiny_model(), work, tmp_path / "curve.tsv")
    assert not sign.exists()
    assert "iteration_99.pth is damaged (holds more than tensors" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state["state_dict"].pop("last.bias"),
        lambda state: state["state_dict"].update({"last.bias": torch.zeros(10**6)}),
        lambda state: state["state_dict"].update({"last.bias": torch.tensor([torch.nan])}),
        lambda state: state["optimizer"]["state"][0].update(momentum_buffer=torch.zeros(3)),
        lambda state: state["optimizer"].update(param_groups=[]),
        lambda state: state["optimizer"].update(state=7),
        lambda state: state["schedules"][0].update(last_step="3"),
        lambda state: state.update(iteration=-1),
        lambda state: state.update(optimizer=None),
    ],
)
def test_a_checkpoint_that_does_not_fit_gives_way_to_the_one_before(tmp_path, caplog, damage):
    caplog.set_level("INFO", "urn")
    work = tmp_path / "work"
    train_tiny(tiny_model(), work, tmp_path / "curve.tsv")
    state = torch.load(work / "iteration_16.pth", weights_only=True)
    damage(state)
    torch.save(state, work / "iteration_16.pth")
    train_tiny(tiny_model(), work, tmp_path / "curve.tsv")
    assert "iteration_16.pth is damaged" in caplog.text
    assert "resumed from iteration 12 " in caplog.text


def test_misfit_names_the_first_few_tensors():
    network = torch.nn.Linear(3, 2)
    good = network.state_dict()
    assert misfit(good, network) == ""
    assert misfit({}, network) == 'Missing key "weight", "bias"'
    assert misfit({**good, **dict.fromkeys("abcde", good["bias"])}, network) == (
        'Unexpected key "a", "b", "c" and 2 more'
    )
    assert misfit({**good, "bias": torch.zeros(7)}, network) == (
        "size mismatch for bias: 7 float32 where the network has 2 float32"
    )
    assert "bias: 2 int64" in misfit({**good, "bias": torch.zeros(2, dtype=int)}, network)
    assert "not finite in bias" in misfit({**good, "bias": good["bias"] / 0}, network)


def test_a_model_s_description_is_not_trusted(tmp_path):
    """Sizes that would take terabytes are compared before a network of them is made."""
    path = tmp_path / "model.pth"
    save_model(TinyModel(), path, {"build": {"width": 10**11}})
    with pytest.raises(UserError, match=r"model\.pth does not fit \(.*size mismatch.*delete it"):
        load_model(path, lambda meta: TinyModel(**meta["build"]))
    with pytest.raises(UserError, match="describes no network"):
        load_model(path, lambda meta: TinyModel(**meta["absent"]))
