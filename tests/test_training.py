import copy
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import tiny_training
import torch
from mmengine.model import BaseModel, BaseModule
from tiny_training import ITERATIONS, NoisyImages, TinyModel, tiny_model, train_tiny
from torch import nn

from urn.errors import UserError
from urn.files.models import load_for_inference, load_model, save_model

# Trainings that start within a second share mmengine's loggers.
pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")

KILLED_BEFORE = 11  # iterations; between checkpoints, and after rows of the curve not in one


def curve_of(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t")


def assert_same_state(model: nn.Module, other: nn.Module) -> None:
    state, expected = model.state_dict(), other.state_dict()
    assert state.keys() == expected.keys()
    different = [name for name in state if not torch.equal(state[name], expected[name])]
    assert not different


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "urn")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyModel, Path]:
    """A training's model and its folder, `work` and `curve.tsv` in it; read only."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    model = tiny_model()
    train_tiny(model, folder / "work", folder / "curve.tsv")
    return model, folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a training that was killed; read only."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, tiny_training.__file__, folder / "work", folder / "curve.tsv"]
    ended = subprocess.run([*command, str(KILLED_BEFORE)], capture_output=True, text=True)
    assert ended.returncode == -9, ended.stderr
    assert not (folder / "curve.tsv").exists()
    with (folder / "work" / "curve.tsv").open("a") as curve:
        curve.write("1")  # as if the kill had come while row 12 was written
    return folder / "work"


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_training_ends_like_an_uninterrupted_one(
    tmp_path, caplog, uninterrupted, killed, workers
):
    expected, folder = uninterrupted
    model, work = tiny_model(), tmp_path / "work"
    shutil.copytree(killed, work)
    assert curve_of(work / "curve.tsv")["iteration"].tolist() == [2, 4, 6, 8, 10, 1]
    train_tiny(model, work, tmp_path / "curve.tsv", workers=workers)
    assert "resumed from iteration 8 " in caplog.text
    assert_same_state(model, expected)
    assert not multiprocessing.active_children()

    curve = curve_of(tmp_path / "curve.tsv")
    assert curve["iteration"].tolist() == [*range(2, ITERATIONS + 1, 2)]
    assert (curve["seconds"] > 0).all()
    pd.testing.assert_frame_equal(
        curve.drop(columns="seconds"), curve_of(folder / "curve.tsv").drop(columns="seconds")
    )


def test_training_has_learned_and_depends_on_the_seed(tmp_path, uninterrupted):
    expected, folder = uninterrupted
    assert not torch.equal(expected.last.weight, tiny_model().last.weight)
    losses = curve_of(folder / "curve.tsv")["loss"]
    assert losses.iloc[-1] < losses.iloc[0] / 2
    other = tiny_model()
    train_tiny(other, tmp_path / "work", tmp_path / "curve.tsv", seed=4)
    assert not torch.equal(expected.last.weight, other.last.weight)


def test_every_image_is_drawn_before_one_comes_again(tmp_path):
    draws = []

    class Recorded(NoisyImages):
        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            draws.append(index)
            return super().__getitem__(index)

    dataset = Recorded()
    train_tiny(tiny_model(), tmp_path / "work", tmp_path / "curve.tsv", dataset=dataset)
    size = len(dataset)
    first, second = draws[:size], draws[size : 2 * size]
    assert sorted(first) == sorted(second) == list(range(size))
    assert first != second
    assert len(draws) == 4 * ITERATIONS


def test_damaged_checkpoint_gives_way_to_the_one_before(tmp_path, caplog, uninterrupted):
    expected, folder = uninterrupted
    work = tmp_path / "work"
    shutil.copytree(folder / "work", work)
    os.truncate(work / "iteration_16.pth", 1000)
    model = tiny_model()
    train_tiny(model, work, tmp_path / "curve.tsv")
    assert "iteration_16.pth is damaged" in caplog.text
    assert "resumed from iteration 12 " in caplog.text
    assert_same_state(model, expected)
    assert sorted(path.name for path in work.glob("*.pth")) == [
        "iteration_12.pth",
        "iteration_16.pth",
    ]


def test_all_checkpoints_damaged_starts_anew(tmp_path, caplog, uninterrupted):
    expected, folder = uninterrupted
    work = tmp_path / "work"
    shutil.copytree(folder / "work", work)
    for path in work.glob("*.pth"):
        path.write_bytes(b"")
    model = tiny_model()
    train_tiny(model, work, tmp_path / "curve.tsv")
    assert "resumed" not in caplog.text
    assert_same_state(model, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": 0.01},
        {"iterations": ITERATIONS - 4},
        {"seed": 4},
        {"weight_decay": 0.1},
        {"identity": "other images"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_other_settings_start_anew(tmp_path, caplog, uninterrupted, changes):
    _, folder = uninterrupted
    work = tmp_path / "work"
    shutil.copytree(folder / "work", work)
    alone, after = tiny_model(), tiny_model()
    train_tiny(alone, tmp_path / "alone", tmp_path / "alone.tsv", **changes)
    assert "starting anew" not in caplog.text
    train_tiny(after, work, tmp_path / "curve.tsv", **changes)
    assert "starting anew" in caplog.text
    assert "resumed" not in caplog.text
    assert_same_state(after, alone)
    last = changes.get("iterations", ITERATIONS)
    assert curve_of(tmp_path / "curve.tsv")["iteration"].tolist() == [*range(2, last + 1, 2)]
    assert {path.name for path in work.glob("*.pth")} == {
        f"iteration_{last - 4}.pth",
        f"iteration_{last}.pth",
    }


def test_finished_training_returns_at_once(tmp_path, uninterrupted):
    expected, folder = uninterrupted
    work = tmp_path / "work"
    shutil.copytree(folder / "work", work)
    model, dataset = tiny_model(), NoisyImages()
    train_tiny(model, work, tmp_path / "curve.tsv", dataset=dataset)
    assert dataset.drawn == 0
    assert_same_state(model, expected)
    pd.testing.assert_frame_equal(curve_of(tmp_path / "curve.tsv"), curve_of(folder / "curve.tsv"))


@pytest.mark.parametrize("power", [0.9, 2])
def test_learning_rate_is_polynomial(tmp_path, power):
    train_tiny(
        tiny_model(),
        tmp_path / "work",
        tmp_path / "curve.tsv",
        learning_rate=0.1,
        min_learning_rate=0.01,
        power=power,
        curve_interval=1,
    )
    rates = curve_of(tmp_path / "curve.tsv")["learning_rate"]
    expected = [(0.1 - 0.01) * (1 - i / ITERATIONS) ** power + 0.01 for i in range(ITERATIONS)]
    assert rates.tolist() == pytest.approx(expected, rel=1e-5)


class Numbers(BaseModel):
    """Three numbers: the loss has slope 1 in two of them, and 0 in the third."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("slow", "fast", "decaying"):
            setattr(self, name, nn.Parameter(torch.ones((), dtype=torch.float64)))

    def forward(self, inputs, target, mode="tensor"):
        return {"loss": self.slow + self.fast + 0 * self.decaying}


def test_parameter_groups_keep_their_own_settings(tmp_path):
    model, iterations = Numbers(), 5
    groups = [
        {"params": [model.slow]},
        {"params": [model.fast], "lr": 0.2},
        {"params": [model.decaying], "lr": 0.3, "weight_decay": 0.5},
    ]
    train_tiny(
        model,
        tmp_path / "work",
        tmp_path / "curve.tsv",
        iterations=iterations,
        learning_rate=0.1,
        min_learning_rate=0.01,
        momentum=0.0,
        weight_decay=0.0,
        parameter_groups=groups,
        curve_interval=1,
    )
    slow, fast, decaying = 1.0, 1.0, 1.0
    for i in range(iterations):
        slow -= (0.1 - 0.01) * (1 - i / iterations) ** 0.9 + 0.01
        fast -= (0.2 - 0.01) * (1 - i / iterations) ** 0.9 + 0.01
        decaying *= 1 - 0.5 * ((0.3 - 0.01) * (1 - i / iterations) ** 0.9 + 0.01)
    assert model.slow.item() == pytest.approx(slow, rel=1e-9)
    assert model.fast.item() == pytest.approx(fast, rel=1e-9)
    assert model.decaying.item() == pytest.approx(decaying, rel=1e-9)
    assert curve_of(tmp_path / "curve.tsv")["learning_rate"].iloc[0] == pytest.approx(0.1)


class FrozenStatistics(nn.BatchNorm2d):
    def train(self, mode=True):
        return super().train(False)


def test_accumulated_parts_equal_the_whole_batch(tmp_path):
    models, curves = [], []
    for _ in range(2):
        model = tiny_model()
        # Nothing that sees a batch.
        model.layers = nn.Sequential(nn.Conv2d(1, 4, 3), FrozenStatistics(4), nn.ReLU())
        models.append(model)
    models[1].load_state_dict(models[0].state_dict())
    for images_per_step, model in zip((8, 2), models, strict=True):
        folder = tmp_path / str(images_per_step)
        train_tiny(
            model,
            folder,
            folder / "c.tsv",
            batch_size=8,
            images_per_step=images_per_step,
            iterations=6,
        )
        curves.append(curve_of(folder / "c.tsv").drop(columns="seconds"))
    before = tiny_model()
    assert not torch.allclose(models[0].last.weight, before.last.weight, atol=1e-3)
    for name, value in models[0].state_dict().items():
        assert torch.allclose(models[1].state_dict()[name], value, atol=1e-6), name
    pd.testing.assert_frame_equal(*curves, rtol=1e-4)


def test_accumulating_training_resumes(tmp_path, caplog):
    """The parts already seen are counted in parts, checkpoints in optimizer steps."""
    whole, resumed = tiny_model(), tiny_model()
    settings = {"batch_size": 6, "images_per_step": 2, "curve_interval": 1}
    train_tiny(whole, tmp_path / "work", tmp_path / "whole.tsv", **settings)
    (tmp_path / "work" / "iteration_16.pth").unlink()
    train_tiny(resumed, tmp_path / "work", tmp_path / "resumed.tsv", **settings)
    assert "resumed from iteration 12 " in caplog.text
    assert_same_state(resumed, whole)


@pytest.mark.parametrize(("batch_size", "images_per_step"), [(8, 3), (1, 2), (2, 8)])
def test_batch_that_cannot_be_shared(tmp_path, batch_size, images_per_step):
    with pytest.raises(UserError, match=f"a multiple of {images_per_step}$"):
        train_tiny(
            tiny_model(),
            tmp_path / "work",
            tmp_path / "curve.tsv",
            batch_size=batch_size,
            images_per_step=images_per_step,
        )


def test_loss_that_is_not_finite(tmp_path):
    dataset = NoisyImages()
    dataset.images[:] = torch.nan
    with pytest.raises(UserError, match=r"loss is nan at iteration 2: lower the learning rate"):
        train_tiny(tiny_model(), tmp_path / "work", tmp_path / "curve.tsv", dataset=dataset)
    assert not (tmp_path / "curve.tsv").exists()


class OwnInit(BaseModule):
    """A part that mmengine's runner would initialise, by its configuration and by its method."""

    def __init__(self) -> None:
        super().__init__({"type": "Constant", "layer": "Linear", "val": 7.0})
        self.layer = nn.Linear(4, 1)
        self.method_called = False

    def init_weights(self) -> None:
        super().init_weights()
        self.method_called = True

    def forward(self, features):
        return self.layer(features)


class Nested(TinyModel):
    def __init__(self) -> None:
        super().__init__()
        self.last = OwnInit()


def test_weights_are_those_given(tmp_path):
    model = Nested()
    parameters = {name: value.clone() for name, value in model.named_parameters()}
    train_tiny(model, tmp_path / "work", tmp_path / "c.tsv", iterations=1, learning_rate=0.0)
    assert not model.last.method_called
    for name, value in model.named_parameters():
        assert torch.equal(value, parameters[name]), name

    initialised = Nested()
    initialised.init_weights()  # as the runner would
    assert initialised.last.method_called
    assert (initialised.last.layer.weight == 7).all()


class Autocast(TinyModel):
    """Remembers how its forward passes were run."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bool, torch.dtype]] = []

    def forward(self, inputs, target, mode="tensor"):
        features = self.layers(inputs)
        self.seen.append((torch.is_autocast_enabled(inputs.device.type), features.dtype))
        prediction = self.last(features.mean((2, 3)))[:, 0].float()
        return {"loss": (prediction - target).square().mean()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (False, torch.float32)),
        ({"precision": "float32"}, (False, torch.float32)),
        ({"precision": "bfloat16"}, (True, torch.bfloat16)),
        ({"precision": "float16"}, (True, torch.float16)),
    ],
)
def test_precision(tmp_path, changes, expected):
    model = Autocast()
    before = copy.deepcopy(model.last.weight)
    train_tiny(model, tmp_path / "work", tmp_path / "curve.tsv", iterations=3, **changes)
    assert model.seen == [expected] * 3
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert not torch.equal(model.last.weight, before)
    assert torch.isfinite(model.last.weight).all()


def test_model_round_trip(tmp_path, uninterrupted):
    model, _ = uninterrupted
    path = tmp_path / "folder" / "model.pth"
    meta = {"build": {"width": 4}, "classes": ["a", "b"]}
    save_model(model, path, meta)
    assert [entry.name for entry in path.parent.iterdir()] == ["model.pth"]
    loaded, found = load_model(path, lambda meta: TinyModel(**meta["build"]))
    assert found == meta
    assert not loaded.training
    assert_same_state(loaded, model)
    ready = load_for_inference(path, lambda meta: TinyModel(**meta["build"]))
    assert not ready.training
    assert next(ready.parameters()).is_cuda == torch.cuda.is_available()


def test_missing_model(tmp_path):
    with pytest.raises(UserError, match=r"none\.pth cannot be read .*delete it and run again"):
        load_model(tmp_path / "none.pth", lambda meta: TinyModel())


def test_damaged_model(tmp_path):
    path = tmp_path / "model.pth"
    save_model(tiny_model(), path, {})
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(UserError, match=r"model\.pth is not a checkpoint .*delete it"):
        load_model(path, lambda meta: TinyModel())
    torch.save([1, 2], path)  # a good file of something else
    with pytest.raises(UserError, match=r"model\.pth is not a checkpoint"):
        load_model(path, lambda meta: TinyModel())


def test_model_that_does_not_fit(tmp_path):
    path = tmp_path / "model.pth"
    save_model(tiny_model(), path, {})
    with pytest.raises(UserError, match=r"model\.pth does not fit .*delete it"):
        load_model(path, lambda meta: TinyModel(width=5))
