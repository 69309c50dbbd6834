"""Experiment trackers: curves, settings and final scores of trainings in TensorBoard or MLflow.

Both are optional packages. TensorBoard's files lie in a folder. MLflow's database lies where
the environment variable MLFLOW_TRACKING_URI says, or else in a local file; nothing is sent anywhere
unless that address is another machine's.
"""

import math
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from urn.errors import UserError

_UNKNOWN = re.compile(r"[^\w/.\- :]")  # characters that MLflow's names cannot have


class Tracker(Protocol):
    """Where the numbers of one training go."""

    def start(self, settings: Mapping[str, Any]) -> None:
        """Begin, or go on with an interrupted training of the same settings."""

    def log(self, values: Mapping[str, float], iteration: int) -> None:
        """Keep values by name; those that are not finite are left out."""

    def end(self) -> None:
        """The training is done."""


def tracker(kind: str, folder: str | Path, experiment: str, run: str) -> Tracker:
    """A tracker of one training.

    Args:
        kind: a key of `urn.registry.TRACKERS`.
        folder: of TensorBoard's files; of MLflow's database, unless MLFLOW_TRACKING_URI is set.
        experiment: MLflow's name of what the runs belong to.
        run: name of the training.

    Raises:
        UserError: its package is not installed.
    """
    try:
        if kind == "tensorboard":
            return _TensorBoard(Path(folder) / run)
        return _Mlflow(folder, experiment, run)
    except ImportError as error:
        raise UserError(
            f"tracking: {kind} needs the package {error.name}, which is not installed: run "
            f"pip install 'urn-wsss[{kind}]', or set tracking to null"
        ) from None


class _TensorBoard:
    def __init__(self, folder: str | Path) -> None:
        import tensorboard  # noqa: F401 - torch names another package where this one is missing
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def start(self, settings: Mapping[str, Any]) -> None:
        lines = [f"| {name} | {value} |" for name, value in settings.items()]
        self._writer.add_text("settings", "\n".join(["| | |", "|---|---|", *lines]))

    def log(self, values: Mapping[str, float], iteration: int) -> None:
        for name, value in _finite(values).items():
            self._writer.add_scalar(name, value, iteration)
        self._writer.flush()

    def end(self) -> None:
        self._writer.close()


class _Mlflow:
    def __init__(self, folder: str | Path, experiment: str, run: str) -> None:
        import alembic  # noqa: F401 - MLflow needs it for its database only
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param

        own = Path(folder).absolute() / "mlflow.db"
        address = os.environ.get("MLFLOW_TRACKING_URI")
        if not address:
            own.parent.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(address or f"sqlite:///{own}")
        self._metric, self._param = Metric, Param
        known = self._client.get_experiment_by_name(experiment)
        self._experiment: str = (
            known.experiment_id
            if known
            else self._client.create_experiment(
                experiment, artifact_location=None if address else str(own.parent / "artifacts")
            )
        )
        self._name = run
        latest = self._client.search_runs(
            [self._experiment],
            f"tags.mlflow.runName = '{run}'",
            max_results=1,
            order_by=["attributes.start_time DESC"],
        )
        self._run = latest[0] if latest else None

    def start(self, settings: Mapping[str, Any]) -> None:
        wanted = {name: str(value) for name, value in settings.items()}
        if self._run and self._run.info.status == "RUNNING" and self._run.data.params == wanted:
            return
        self._run = self._client.create_run(self._experiment, run_name=self._name)
        params = [self._param(name, value) for name, value in wanted.items()]
        self._client.log_batch(self._run.info.run_id, params=params)

    def log(self, values: Mapping[str, float], iteration: int) -> None:
        if self._run is None:
            self.start({})
        assert self._run is not None
        milliseconds = int(1000 * time.time())
        metrics = [
            self._metric(_UNKNOWN.sub("_", name), value, milliseconds, iteration)
            for name, value in _finite(values).items()
        ]
        self._client.log_batch(self._run.info.run_id, metrics=metrics)

    def end(self) -> None:
        if self._run is not None:
            self._client.set_terminated(self._run.info.run_id)


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}
