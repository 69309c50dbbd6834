"""A training of seconds for the tests; as a script it kills itself on the way.

Usage: tiny_training.py WORK_DIR CURVE KILLED_BEFORE_ITERATION
"""

import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset, default_collate

from urn.training.loop import prepare, train

ITERATIONS = 16
CHECKPOINT_INTERVAL = 4
CURVE_INTERVAL = 2


class TinyModel(BaseModel):
    """A regressor with all that a checkpoint must hold and a seed must fix: BN and dropout."""

    def __init__(self, width: int = 4, killed_at: int | None = None) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(0.3)
        )
        self.last = nn.Linear(width, 1)
        self._steps, self._killed_at = 0, killed_at

    def forward(self, inputs: Tensor, target: Tensor, mode: str = "tensor") -> Any:
        self._steps += 1
        if self._killed_at == self._steps - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        prediction = self.last(self.layers(inputs).mean((2, 3)))[:, 0]
        return {"loss_square": F.mse_loss(prediction, target)} if mode == "loss" else prediction


class NoisyImages(Dataset):
    """Eleven images, augmented by all three random generators; counts what is drawn of it."""

    def __init__(self) -> None:
        self.images = torch.rand(11, 1, 6, 6, generator=torch.Generator().manual_seed(5))
        self.drawn = 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        self.drawn += 1
        image = self.images[index]
        noise = torch.rand(()) + np.random.rand() + random.random()
        return {"inputs": image * noise, "target": image.mean()}


def tiny_model(**arguments: Any) -> TinyModel:
    prepare(3)
    return TinyModel(**arguments)


def train_tiny(model: BaseModel, work_dir: Path, curve: Path, **changes: Any) -> None:
    arguments: dict[str, Any] = {
        "dataset": NoisyImages(),
        "iterations": ITERATIONS,
        "batch_size": 4,
        "learning_rate": 0.05,
        "seed": 3,
        "threads": 1,
        "collate": default_collate,
        "checkpoint_interval": CHECKPOINT_INTERVAL,
        "curve_interval": CURVE_INTERVAL,
        **changes,
    }
    train(model, work_dir=work_dir, curve=curve, **arguments)


if __name__ == "__main__":
    train_tiny(tiny_model(killed_at=int(sys.argv[3])), Path(sys.argv[1]), Path(sys.argv[2]))
