"""The checkpoints of a training: the newest few, each whole or not there at all."""

import copy
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.runner import Runner
from torch import Tensor, nn

from urn.files.atomic import atomic_path
from urn.files.tensors import UnusableFileError, misfit, read_tensors

log = logging.getLogger(__name__)

KEPT_CHECKPOINTS = 2  # the newest may be damaged by a failing disk; the one before it then serves


def _checkpoints(work_dir: Path) -> list[Path]:
    """The checkpoints in a work folder, newest first."""
    found = work_dir.glob("iteration_*.pth")
    return sorted(found, key=lambda path: int(path.stem.partition("_")[2]), reverse=True)


@dataclass
class Trained:
    """What a training changes, and a checkpoint therefore holds, beside the iterations done.

    The log and the random numbers need nothing kept: they follow from the iteration.
    """

    model: nn.Module
    optimizer: OptimWrapper
    schedule: _ParamScheduler

    def state(self, iteration: int, settings: str) -> dict[str, Any]:
        """All of it after `iteration` iterations: tensors and plain values."""
        return {
            "iteration": iteration,
            "settings": settings,
            "state_dict": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
        self.model.load_state_dict(state["state_dict"])
        # Copied, as the file's own tensors are mapped, and the file will go.
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        self.schedule.load_state_dict(state["schedule"])


def latest_checkpoint(work_dir: Path, settings: str, trained: Trained) -> dict[str, Any] | None:
    """The newest usable state that `Trained.state` gave, if it was made with `settings`.

    Checkpoints are read without running anything in them.
    """
    for path in _checkpoints(work_dir):
        try:
            state = read_tensors(path)
            same = state["settings"] == settings
            if same and (reason := _misfit(state, trained)):
                raise UnusableFileError(f"does not fit ({reason})")
        except (OSError, LookupError, TypeError, ValueError) as error:
            log.warning("checkpoint %s is damaged (%s): using the one before it", path, error)
            continue
        if same:
            log.info("resumed from iteration %d (%s)", state["iteration"], path)
            return state
        log.info("%s holds a training with other settings: starting anew", work_dir)
        break
    return None


def _misfit(state: dict[str, Any], trained: Trained) -> str:
    """Why a state cannot be taken up; "" where it can."""
    expected = trained.state(0, "")
    if not _alike(state["iteration"], 0) or state["iteration"] < 0:
        return "no number of iterations"
    optimizer, fresh = dict(state["optimizer"]), expected["optimizer"]
    parameters = [p for group in trained.optimizer.param_groups for p in group["params"]]
    known = {number: {"momentum_buffer": p} for number, p in enumerate(parameters)}
    momenta = optimizer.pop("state")
    if not all(number in known and _alike(momenta[number], known[number]) for number in momenta):
        return "momenta of other parameters"
    if not _alike(optimizer, {key: fresh[key] for key in fresh if key != "state"}):
        return "another optimizer"
    if not _alike(state["schedule"], expected["schedule"]):
        return "another schedule"
    return misfit(state["state_dict"], trained.model)


def _alike(value: Any, expected: Any) -> bool:
    """Whether two structures differ in their numbers only."""
    match expected:
        case Tensor():
            return isinstance(value, Tensor) and value.shape == expected.shape
        case dict():
            return (
                isinstance(value, dict)
                and value.keys() == expected.keys()
                and all(_alike(value[key], expected[key]) for key in expected)
            )
        case list() | tuple():
            return (
                isinstance(value, list | tuple)
                and len(value) == len(expected)
                and all(map(_alike, value, expected))
            )
        case bool():
            return isinstance(value, bool)
        case int() | float():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return value == expected


class CheckpointHook(Hook):
    """Keeps the newest checkpoints; each appears whole or not at all, then older ones go."""

    priority = "VERY_LOW"  # after the schedule's step, which is part of the state

    def __init__(self, interval: int, settings: str, trained: Trained) -> None:
        self._interval, self._settings, self._trained = interval, settings, trained

    def before_train(self, runner: Runner) -> None:
        """Remove what a training that starts anew cannot use, and what a kill cut short."""
        if not is_main_process():
            return
        work_dir = Path(runner.work_dir)
        useless = _checkpoints(work_dir) if runner.iter == 0 else []
        for path in [*useless, *work_dir.glob(".iteration_*.part.pth")]:
            path.unlink()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write a checkpoint where one is due."""
        last = self.is_last_train_iter(runner)
        if not is_main_process() or not (last or self.every_n_train_iters(runner, self._interval)):
            return
        work_dir = Path(runner.work_dir)
        with atomic_path(work_dir / f"iteration_{runner.iter + 1}.pth") as temporary:
            torch.save(self._trained.state(runner.iter + 1, self._settings), temporary)
        for path in _checkpoints(work_dir)[KEPT_CHECKPOINTS:]:
            path.unlink()
