"""What a training's job says to the training: its processes, arguments and identity."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from urn import progress
from urn.datasets.index import Index
from urn.errors import UserError
from urn.training.distributed import launch

from _job import RANK
from _tracking import tracker_of

SETTINGS = (
    *("iterations", "batch_size", "images_per_step", "learning_rate", "weight_decay"),
    *("warm_up", "largest_gradient", "weight_average", "precision", "channels_last"),
)

# What the networks of `urn.backbones.fine_tuning` are built of.
FINE_TUNED = (
    *("backbone", "output_stride", "dilations"),
    *("frozen_statistics", "frozen_affine", "frozen_first_stage"),
)


def in_processes(processes: int, nodes: int) -> None:
    """Where a training asks for more than this process: run the script in all, and end this one."""
    if processes == 1 or RANK is not None:
        return
    if launch(sys.argv[0], processes, nodes, progress.terminal):
        raise UserError(f"a training of {processes} processes failed: its log says why")
    sys.exit()


def arguments(job: Any) -> dict[str, Any]:
    """Arguments of `urn.training.loop.train` that a job (the `snakemake` of its script) gives."""
    return {name: job.params.settings[name] for name in SETTINGS} | {
        "seed": job.params.seed,
        "threads": job.threads,
        "work_dir": job.params.work,
        "curve": job.output.curve,
        "track": _track(job),
    }


def _track(job: Any) -> Callable[[Mapping[str, float], int], None] | None:
    """Logs a training to the tracker that the run has, if any: settings first, then its curve."""
    found = tracker_of(job, Path(job.output.curve).parent) if RANK in (None, "0") else None
    if found is None:
        return None
    found.start({"seed": job.params.seed, **job.params.settings})

    def track(values: Mapping[str, float], iteration: int) -> None:
        found.log(values, iteration)
        if iteration == job.params.settings["iterations"]:
            found.end()

    return track


def groups(settings: Mapping[str, Any]) -> dict[str, float]:
    """Arguments of a network's `parameter_groups`, where its new layers learn faster."""
    return {name: settings[name] for name in ("learning_rate", "weight_decay", "new_layers_factor")}


def identity(job: Any, index: Index, *further: Any) -> str:
    """Changes with all that makes this training's result: another must not go on from its state.

    Args:
        job: the `snakemake` of its script.
        index: with its images.
        further: what only some trainings depend on.
    """
    entries = index.split("train")
    tags = [(entry.id, entry.tags) for entry in entries]
    files = [path for path in job.input if path != job.input.index]
    states = fingerprint([*files, *(entry.image for entry in entries)])
    params = job.params
    own = (params.settings, params.working_size, params.code)
    return repr((*own, further, index.classes, tags, states))


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Changes when one of the files is made anew."""
    states = [(str(path), os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:12]
