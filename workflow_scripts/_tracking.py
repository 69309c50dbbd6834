"""The experiment tracker of a training, where the run has one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from urn.training.tracking import Tracker, tracker


def tracker_of(job: Any, folder: Path) -> Tracker | None:
    """The tracker of the training whose files are in a folder of the dataset's results."""
    kind, dataset = job.resources.get("tracking"), job.wildcards.dataset
    if not kind:
        return None
    results, _, run = folder.as_posix().partition(f"/{dataset}/")
    return tracker(kind, f"{results}/{dataset}/tracking", dataset, run)


def log_scores(job: Any, folder: Path, scores: Mapping[str, float]) -> None:
    """Add a model's final IoU by class, in per cent, to its training's numbers."""
    found = tracker_of(job, folder)
    if found is not None:
        found.log({f"val IoU/{name}": value for name, value in scores.items()}, 0)
        found.end()
