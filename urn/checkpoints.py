"""The checkpoints of a training: the newest few, each whole or not there at all."""

import logging
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from urn.files import atomic_path

log = logging.getLogger(__name__)

KEPT_CHECKPOINTS = 2  # the newest may be damaged by a failing disk; the one before it then serves


def _checkpoints(work_dir: Path) -> list[Path]:
    """The checkpoints in a work folder, newest first."""
    found = work_dir.glob("iteration_*.pth")
    return sorted(found, key=lambda path: int(path.stem.partition("_")[2]), reverse=True)


def latest_checkpoint(work_dir: Path, settings: str) -> Path | None:
    """The newest readable checkpoint, if there is one and it was made with `settings`."""
    for path in _checkpoints(work_dir):
        try:
            meta = torch.load(path, map_location="cpu", weights_only=False)["meta"]
        except Exception as error:
            log.warning("checkpoint %s is damaged (%s): using the one before it", path, error)
            continue
        if meta.get("settings") == settings:
            log.info("resumed from iteration %d (%s)", meta["iter"], path)
            return path
        log.info("%s holds a training with other settings: starting anew", work_dir)
        break
    return None


class CheckpointHook(Hook):
    """Keeps the newest checkpoints; each appears whole or not at all, then older ones go."""

    priority = "VERY_LOW"  # after the schedule's step, which is part of the state

    def __init__(self, interval: int, settings: str) -> None:
        self._interval, self._settings = interval, settings

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
            runner.save_checkpoint(
                str(temporary.parent),
                temporary.name,
                meta={"settings": self._settings},
                by_epoch=False,
            )
        for path in _checkpoints(work_dir)[KEPT_CHECKPOINTS:]:
            path.unlink()
