"""images_per_step: auto, with models that run out of memory as a GPU would."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from mmengine.dist import barrier, get_rank
from tiny_training import ITERATIONS, NoisyImages, TinyModel, train_tiny
from torch import nn
from torch.utils.data import DataLoader

from urn.errors import UserError
from urn.training.distributed import launch
from urn.training.fitting import images_that_fit
from urn.training.loop import prepare

pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")

SHARE = 6


class SmallMemory(TinyModel):
    """Runs out of memory for more than `room` images; remembers how many every pass had."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.passes: list[int] = []

    def forward(self, inputs: torch.Tensor, target: torch.Tensor, mode: str = "tensor") -> Any:
        self.passes.append(len(inputs))
        if len(inputs) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(inputs, target, mode)


def trained(room: int, folder: Path, **settings: Any) -> SmallMemory:
    prepare(3)
    model = SmallMemory(room)
    settings = {"batch_size": SHARE, "images_per_step": "auto", **settings}
    train_tiny(model, folder / "work", folder / "curve.tsv", **settings)
    return model


def assert_same_training(model: TinyModel, other: TinyModel, *folders: Path) -> None:
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    curves = [pd.read_csv(folder / "curve.tsv", sep="\t") for folder in folders]
    pd.testing.assert_frame_equal(*(curve.drop(columns="seconds") for curve in curves))


@pytest.mark.parametrize(
    ("room", "tried"), [(100, [6]), (5, [6, 3]), (2, [6, 3, 2]), (1, [6, 3, 2, 1])]
)
def test_the_number_found_is_all_that_changes(tmp_path, caplog, room, tried):
    caplog.set_level("INFO", "urn")
    found = tried[-1]
    given = trained(100, tmp_path / "given", images_per_step=found)
    auto = trained(room, tmp_path / "auto")
    assert auto.passes == tried + given.passes
    assert f"× {found} images × {SHARE // found} step(s)" in caplog.text
    assert caplog.text.count("need more memory than there is") == len(tried) - 1
    assert_same_training(auto, given, tmp_path / "auto", tmp_path / "given")


def test_resumed_training_finds_the_number_again(tmp_path):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    expected = trained(3, whole)
    shutil.copytree(whole, resumed)
    (resumed / "work" / f"iteration_{ITERATIONS}.pth").unlink()
    model = trained(3, resumed)
    assert model.passes == [6] + [3] + [3, 3] * 4
    assert_same_training(model, expected, resumed, whole)


@pytest.mark.parametrize(("least", "tried"), [(1, [6, 3, 2, 1]), (2, [6, 3, 2]), (8, [6])])
def test_too_little_memory(tmp_path, least, tried):
    model = SmallMemory(0)
    with pytest.raises(UserError, match=rf"even with {tried[-1]} image\(s\).* lower the crop"):
        train_tiny(
            model,
            tmp_path / "work",
            tmp_path / "curve.tsv",
            batch_size=SHARE,
            images_per_step="auto",
            least_images_per_step=least,
        )
    assert model.passes == tried


def train_here(folder: Path) -> None:
    """In the second of two processes there is less memory."""
    rank = get_rank()
    room, both = (100, 2)[rank], {"batch_size": 2 * SHARE, "iterations": 4}
    auto = trained(room, folder / "auto", **both)
    given = trained(room, folder / "given", images_per_step=2, **both)
    assert auto.passes == [6, 3, 2, *given.passes]
    barrier()  # until the first process has written both curves
    assert_same_training(auto, given, folder / "auto", folder / "given")

    # They refuse to work on a processor where they would wait for other processes.
    model = nn.SyncBatchNorm.convert_sync_batchnorm(SmallMemory(room))
    batch = next(iter(DataLoader(NoisyImages(), SHARE)))
    found = images_that_fit(
        model, lambda n: {key: value[:n] for key, value in batch.items()}, SHARE, 1, "float32"
    )
    assert (found, model.passes) == (2, [6, 3, 2])


@pytest.mark.slow
def test_all_processes_take_what_fits_all(tmp_path):
    script, here = tmp_path / "run.py", Path(__file__)
    script.write_text(
        f"import sys; sys.path[:0] = [{str(here.parent)!r}, {str(here.parents[1])!r}]\n"
        f"from pathlib import Path\nfrom test_fitting import prepare, train_here\n"
        f"prepare(3)\ntrain_here(Path({str(tmp_path)!r}))\n"
    )
    assert launch(str(script), 2, stdout=sys.stdout) == 0
