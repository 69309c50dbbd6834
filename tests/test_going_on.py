"""A training that starts from a trained model's weights."""

import sys
from pathlib import Path

import pytest
import torch
from tiny_training import TinyModel, tiny_model, train_tiny

from urn.errors import UserError
from urn.files.models import save_model

sys.path.append(str(Path(__file__).parents[1] / "workflow_scripts"))

from _training import go_on


def test_it_has_all_of_its_weights_and_goes_on(tmp_path):
    first = tiny_model()
    train_tiny(first, tmp_path / "first", tmp_path / "first.tsv")
    save_model(first, tmp_path / "model.pth", {})
    second = TinyModel()
    go_on(second, [str(tmp_path / "model.pth")])
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor, rtol=0, atol=0)
    train_tiny(second, tmp_path / "second", tmp_path / "second.tsv")
    assert not torch.equal(second.last.weight, first.last.weight)
    batches = [model.layers[1].num_batches_tracked for model in (first, second)]
    assert batches[1] == 2 * batches[0]  # trained in training's mode


def test_without_one_it_starts_anew():
    model, same = tiny_model(), tiny_model()
    go_on(model, [])
    assert torch.equal(model.last.weight, same.last.weight)


def test_one_of_another_size_is_refused(tmp_path):
    save_model(TinyModel(width=5), tmp_path / "model.pth", {})
    with pytest.raises(UserError, match=r"model .*model\.pth does not fit .*delete it"):
        go_on(tiny_model(), [str(tmp_path / "model.pth")])
