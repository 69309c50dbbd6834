"""The curve of a training: a row of losses and rates every few iterations."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from mmengine.dist import all_reduce_dict, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.progress import Progress


class CurveHook(Hook):
    """Writes the training curve and shows progress; its arguments are those of `train`.

    Args:
        curve: the growing file, tab-separated. When a training resumes, its later rows are dropped.
        interval: iterations between rows.
        description: of the training, for the progress.
        evaluate: returns the model's mIoU (%); None: it is not evaluated.
        evaluate_every: iterations between evaluations.
        track: is given every row, in the first process only.
    """

    priority = "NORMAL"  # before the schedule's step, so that the reported rate is the one used

    def __init__(
        self,
        curve: Path,
        interval: int,
        description: str,
        evaluate: Callable[[], float] | None,
        evaluate_every: int,
        track: Callable[[dict[str, float], int], None] | None,
    ) -> None:
        self._path, self._interval, self._description = curve, interval, description
        self._evaluate, self._evaluate_every, self._track = evaluate, evaluate_every, track

    def before_train(self, runner: Runner) -> None:
        """Open the curve."""
        self._progress = Progress(self._description, runner.max_iters, "iteration", runner.iter)
        self._note = ""
        self._file = self._open(runner.iter) if is_main_process() else None
        self._begin()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Evaluate the model and write a row where they are due.

        Raises:
            UserError: the loss is no longer finite.
        """
        for name, value in outputs.items():
            self._sums[name] = self._sums.get(name, 0) + value
        self._steps += 1
        due = self.every_n_train_iters(runner, self._evaluate_every)
        if self._evaluate is not None and due and is_main_process():
            start = time.monotonic()
            self._miou = self._evaluate()
            runner.model.train()
            self._since += time.monotonic() - start
        regular = self.every_n_train_iters(runner, self._interval)
        if regular or due or self.is_last_train_iter(runner):
            self._report(runner)
        self._progress.advance(self._note)

    def after_train(self, runner: Runner) -> None:
        """Close the curve."""
        self._progress.close()
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self._sums: dict[str, Any] = {}
        self._steps = 0
        self._miou = float("nan")
        self._since = time.monotonic()

    def _open(self, iteration: int) -> TextIO:
        """Open the curve for new rows; drop those after `iteration` or cut short by a kill."""
        rows: list[str] = []
        if iteration and self._path.exists():
            header, *body = self._path.read_text().splitlines(keepends=True) or [""]
            rows = [header] + [
                row
                for row in body
                if row.endswith("\n") and int(row.partition("\t")[0]) <= iteration
            ]
        with atomic_path(self._path) as temporary:
            temporary.write_text("".join(rows))
        return self._path.open("a")

    def _report(self, runner: Runner) -> None:
        rates = runner.optim_wrapper.get_lr()
        iteration = runner.iter + 1
        all_reduce_dict(self._sums, "mean")  # each process has only seen its share of the batches
        row = {
            "learning_rate": rates.get("base_lr", rates["lr"])[0],
            "seconds": (time.monotonic() - self._since) / self._steps,
            **{name: float(total) / self._steps for name, total in self._sums.items()},
        }
        if self._evaluate is not None:
            row["miou"] = self._miou
        self._note = f"loss {row['loss']:.4f}"
        if self._file is not None:
            if self._file.tell() == 0:
                self._file.write("\t".join(["iteration", *row]) + "\n")
            values = [f"{value:.6g}" for value in row.values()]
            self._file.write("\t".join([str(iteration), *values]) + "\n")
            self._file.flush()
            if self._track is not None:
                self._track(row, iteration)
        if not np.isfinite(row["loss"]):
            raise UserError(
                f"{self._description}: the loss is {row['loss']} at iteration {iteration}: "
                "lower the learning rate"
            )
        self._begin()
