"""Trainings log what the curve tells to the tracker that is asked for, and nothing otherwise."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tiny_training import tiny_model, train_tiny

from rules.plan import configuration
from urn.errors import UserError
from urn.registry import TRACKERS
from urn.training.tracking import tracker

pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")


def scalars(folder):
    """Values by name and iteration, of all TensorBoard files in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    return {
        name: {event.step: event.value for event in read.Scalars(name)}
        for name in read.Tags()["scalars"]
    }


def test_tensorboard_shows_the_curve(tmp_path):
    found = tracker("tensorboard", tmp_path / "tracking", "pets", "resnet18/urn")
    found.start({"crop": 96})
    train_tiny(tiny_model(), tmp_path / "work", tmp_path / "curve.tsv", track=found.log)
    found.end()
    curve = pd.read_csv(tmp_path / "curve.tsv", sep="\t", index_col="iteration")
    shown = scalars(tmp_path / "tracking" / "resnet18" / "urn")
    assert shown.keys() == set(curve.columns)
    for name, values in shown.items():
        assert values == pytest.approx(curve[name].to_dict(), rel=1e-4)


def test_a_score_that_was_not_measured_is_left_out(tmp_path):
    found = tracker("tensorboard", tmp_path, "pets", "urn")
    found.log({"loss": 2.0, "miou": float("nan")}, 4)
    found.end()
    assert scalars(tmp_path / "urn") == {"loss": {4: 2.0}}


@pytest.mark.skipif(not all(map(find_spec, TRACKERS["mlflow"])), reason="needs MLflow")
def test_mlflow_goes_on_with_an_interrupted_run(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings, name = {"crop": 96}, "val IoU/cat (tabby)"
    tracker("mlflow", tmp_path, "pets", "resnet18/urn").start(settings)  # and is killed
    again = tracker("mlflow", tmp_path, "pets", "resnet18/urn")
    again.start(settings)
    again.log({"loss": 2.0}, 20)
    again.end()
    scores = tracker("mlflow", tmp_path, "pets", "resnet18/urn")
    scores.log({name: 70.5}, 0)
    scores.end()
    tracker("mlflow", tmp_path, "pets", "resnet18/urn").start({"crop": 128})

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    other, run = client.search_runs([client.get_experiment_by_name("pets").experiment_id])
    assert (run.info.run_name, run.info.status) == ("resnet18/urn", "FINISHED")
    assert run.data.metrics == {"loss": 2.0, "val IoU/cat _tabby_": 70.5}
    assert (run.data.params, other.data.params) == ({"crop": "96"}, {"crop": "128"})


without_mlflow = pytest.mark.skipif(
    all(map(find_spec, TRACKERS["mlflow"])), reason="MLflow is installed"
)


@without_mlflow
def test_a_run_is_not_planned_without_its_tracker():
    config = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())
    with pytest.raises(UserError, match=r"tracking is 'mlflow', but .* run pip install"):
        configuration.check(config | {"tracking": "mlflow"})


@without_mlflow
def test_what_is_missing_is_said_with_its_remedy(tmp_path):
    with pytest.raises(UserError, match=r"mlflow needs .* run pip install 'urn-wsss\[mlflow\]'"):
        tracker("mlflow", tmp_path, "pets", "urn")
