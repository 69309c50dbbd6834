"""What the scripts of all trainings do alike."""

import shutil
from collections.abc import Iterable
from typing import Any

from torch import nn

from urn.backbones import Backbone, load_published_state_dict
from urn.backbones.published import read_checkpoint
from urn.datasets.index import Index
from urn.errors import UserError
from urn.files.models import save_model
from urn.training.distributed import is_main

from _job import fingerprint

SETTINGS = (
    *("iterations", "batch_size", "images_per_step", "learning_rate", "weight_decay"),
    *("precision", "channels_last"),
)


def load_initial(backbone: Backbone, files: Iterable[str]) -> None:
    """Start from published weights, where the training has their file."""
    again = "delete it and run again"
    for file in files:
        state = read_checkpoint(file, "torch", again)
        try:
            load_published_state_dict(backbone, state)
        except RuntimeError as error:
            raise UserError(f"{file} does not fit ({error}): {again}") from None


def arguments(job: Any) -> dict[str, Any]:
    """Arguments of `urn.training.loop.train` that a job (the `snakemake` of its script) gives."""
    return {name: job.params.settings[name] for name in SETTINGS} | {
        "seed": job.params.seed,
        "threads": job.threads,
        "work_dir": job.params.work,
        "curve": job.output.curve,
    }


def identity(job: Any, index: Index, *further: Any) -> str:
    """Changes with all that makes this training's result: another must not go on from its state."""
    entries = index.split("train")
    tags = [(entry.id, entry.tags) for entry in entries]
    files = [path for path in job.input if path != job.input.index]
    states = fingerprint([*files, *(entry.image for entry in entries)])
    return repr((job.params.settings, further, job.params.code, index.classes, tags, states))


def save(model: nn.Module, job: Any, **meta: Any) -> None:
    """Write the trained model, with its seed and settings, and remove the checkpoints."""
    meta |= {"seed": job.params.seed, "settings": job.params.settings}
    save_model(model, job.output.model, meta)
    if is_main():
        shutil.rmtree(job.params.work)
