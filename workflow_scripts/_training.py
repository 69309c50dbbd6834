"""The model of a training: where it starts, and how it is kept."""

import shutil
from collections.abc import Iterable
from typing import Any

from torch import nn

from urn.backbones import Backbone, load_published_state_dict
from urn.backbones.published import read_checkpoint
from urn.errors import UserError
from urn.files.models import load_model, save_model
from urn.training.distributed import is_main


def load_initial(backbone: Backbone, files: Iterable[str]) -> None:
    """Start from published weights, where the training has their file."""
    again = "delete it and run again"
    for file in files:
        state = read_checkpoint(file, "torch", again)
        try:
            load_published_state_dict(backbone, state)
        except RuntimeError as error:
            raise UserError(f"{file} does not fit ({error}): {again}") from None


def go_on(model: nn.Module, files: Iterable[str]) -> None:
    """Start from a trained model's weights, where the training has its file."""
    for file in files:
        load_model(file, lambda meta: model)


def save(model: nn.Module, job: Any, **meta: Any) -> None:
    """Write the trained model, with its seed and settings, and remove the checkpoints."""
    meta |= {"seed": job.params.seed, "settings": job.params.settings}
    save_model(model, job.output.model, meta)
    if is_main():
        shutil.rmtree(job.params.work)
