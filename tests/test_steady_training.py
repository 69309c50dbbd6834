"""What makes a training depend less on chance: warm-up, clipped gradients, averaged weights."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from mmengine.model import BaseModel
from tiny_training import ITERATIONS, tiny_model, train_tiny
from torch import nn

# Trainings that start within a second share mmengine's loggers.
pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")

PLAIN = {"momentum": 0.0, "weight_decay": 0.0, "curve_interval": 1}


class Slope(BaseModel):
    """A number whose loss has a slope, and a buffer that counts."""

    def __init__(self, slope: float = 1.0, killed_at: int | None = None) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.ones((), dtype=torch.float64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.float64))
        self.slope, self.killed_at, self.steps = slope, killed_at, 0

    def forward(self, inputs, target, mode="tensor"):
        if self.steps == self.killed_at:
            raise KeyboardInterrupt
        self.steps += 1
        self.seen += 1
        return {"loss": self.slope * self.number}


def numbers(model: Slope) -> list[float]:
    """What the number was after every step of such a training."""
    rates = [0.1 * (1 - i / ITERATIONS) ** 0.9 for i in range(ITERATIONS)]
    return [1 - sum(rates[: i + 1]) for i in range(ITERATIONS)]


def trained(folder: Path, model: BaseModel, **changes) -> pd.DataFrame:
    train_tiny(model, folder / "work", folder / "curve.tsv", learning_rate=0.1, **PLAIN | changes)
    return pd.read_csv(folder / "curve.tsv", sep="\t")


def test_rate_rises_and_then_falls(tmp_path):
    rates = trained(tmp_path, tiny_model(), warm_up=0.25, min_learning_rate=0.01)["learning_rate"]
    falling = [0.09 * (1 - i / 12) ** 0.9 + 0.01 for i in range(12)]
    assert rates.tolist() == pytest.approx([0.025, 0.05, 0.075, 0.1, *falling], rel=1e-5)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_large_gradients_are_shrunk(tmp_path, precision):
    steep, gentle = Slope(-100.0), Slope(-1.0)
    for name, model in (("steep", steep), ("gentle", gentle)):
        trained(tmp_path / name, model, largest_gradient=1.0, precision=precision)
    assert steep.number.item() == pytest.approx(gentle.number.item(), rel=1e-5)
    assert gentle.number.item() == pytest.approx(2 - numbers(gentle)[-1], rel=1e-5)


def test_weights_are_averaged(tmp_path):
    model = Slope()
    trained(tmp_path, model, weight_average=0.25)
    steps = numbers(model)
    mean, seen = steps[0], 1.0
    for n in range(1, ITERATIONS):
        decay = min(1 - 1 / 4, (1 + n) / (10 + n))
        mean = decay * mean + (1 - decay) * steps[n]
        seen = decay * seen + (1 - decay) * (n + 1)
    assert model.number.item() == pytest.approx(mean, rel=1e-9)
    assert model.seen.item() == pytest.approx(seen, rel=1e-9)  # such are batch statistics


def test_stopped_training_goes_on_with_its_average(tmp_path):
    expected, stopped, resumed = Slope(), Slope(killed_at=11), Slope()
    trained(tmp_path / "whole", expected, weight_average=0.25)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped", stopped, weight_average=0.25)
    trained(tmp_path / "stopped", resumed, weight_average=0.25)
    assert resumed.steps == ITERATIONS - 8
    assert resumed.number.item() == expected.number.item()


def test_evaluation_is_of_the_average(tmp_path):
    model, found = Slope(), []

    def evaluate() -> float:
        found.append(model.number.item())
        return 0.0

    trained(tmp_path, model, weight_average=0.5, evaluate=evaluate, evaluate_every=8)
    assert found[-1] == model.number.item()
    assert found[0] > numbers(model)[7]  # behind the number itself, which went on unchanged
    assert model.number.item() > numbers(model)[-1]


@pytest.mark.parametrize(
    "change", [{"warm_up": 0.5}, {"largest_gradient": 0.5}, {"weight_average": 0.5}]
)
def test_change_starts_anew(tmp_path, change):
    trained(tmp_path, Slope())
    again = Slope()
    trained(tmp_path, again, **change)
    assert again.steps == ITERATIONS
