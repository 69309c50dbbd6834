"""The checkpoints of a training: the newest two, each written whole or not at all."""

import copy
import logging
from collections.abc import Sequence
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

KEPT_CHECKPOINTS = 2  # if the newest is damaged, training resumes from the one before


def _checkpoints(work_dir: Path) -> list[Path]:
    """The checkpoints in a work folder, newest first."""
    found = work_dir.glob("iteration_*.pth")
    return sorted(found, key=lambda path: int(path.stem.partition("_")[2]), reverse=True)


@dataclass
class Trained:
    """What a training changes, and so what a checkpoint holds beside the iteration.

    The random numbers are not part of it: they depend on seed and iteration alone.
    """

    model: nn.Module
    optimizer: OptimWrapper
    schedules: Sequence[_ParamScheduler]
    average: nn.Module | None = None

    def state(self, iteration: int, settings: str) -> dict[str, Any]:
        """The state after `iteration` iterations: tensors and plain values."""
        return {
            "iteration": iteration,
            "settings": settings,
            "state_dict": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedules": [schedule.state_dict() for schedule in self.schedules],
        } | ({"average": self.average.state_dict()} if self.average else {})

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.model.load_state_dict(state["state_dict"])
        # A copy, as the tensors are mapped from the file, which will be deleted.
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        for schedule, own in zip(self.schedules, state["schedules"], strict=True):
            schedule.load_state_dict(own)
        if self.average:
            self.average.load_state_dict(state["average"])


def latest_checkpoint(work_dir: Path, settings: str, trained: Trained) -> dict[str, Any] | None:
    """The newest usable state, as `Trained.state` gives it, if it was saved with `settings`.

    No code in a checkpoint is executed.
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
    """Why a state cannot be restored; "" if it can."""
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
    if not _alike(state["schedules"], expected["schedules"]):
        return "another schedule"
    if trained.average and (reason := misfit(state["average"], trained.average)):
        return f"average: {reason}"
    return misfit(state["state_dict"], trained.model)


def _alike(value: Any, expected: Any) -> bool:
    """Whether two structures differ at most in their numbers."""
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
    """Writes checkpoints, whole or not at all, and deletes all but the newest."""

    priority = "VERY_LOW"  # after the schedule's step, which is part of the state

    def __init__(self, interval: int, settings: str, trained: Trained) -> None:
        self._interval, self._settings, self._trained = interval, settings, trained

    def before_train(self, runner: Runner) -> None:
        """Delete half-written checkpoints and, when training starts from scratch, all others."""
        if not is_main_process():
            return
        work_dir = Path(runner.work_dir)
        useless = _checkpoints(work_dir) if runner.iter == 0 else []
        for path in [*useless, *work_dir.glob(".iteration_*.part.pth")]:
            path.unlink()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write a checkpoint if one is due."""
        last = self.is_last_train_iter(runner)
        if not is_main_process() or not (last or self.every_n_train_iters(runner, self._interval)):
            return
        work_dir = Path(runner.work_dir)
        with atomic_path(work_dir / f"iteration_{runner.iter + 1}.pth") as temporary:
            torch.save(self._trained.state(runner.iter + 1, self._settings), temporary)
        for path in _checkpoints(work_dir)[KEPT_CHECKPOINTS:]:
            path.unlink()
