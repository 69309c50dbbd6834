"""Trained models as files: weights, and what is needed to rebuild the network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from torch import nn

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.files.tensors import UnusableFileError, misfit, read_tensors


def save_model(model: nn.Module, path: str | Path, meta: dict[str, Any]) -> None:
    """Write a model's weights and `meta` (plain values only), whole or not at all.

    In distributed training only the first process writes.
    """
    if not is_main_process():
        return
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    with atomic_path(path) as temporary:
        torch.save({"state_dict": state, "meta": meta}, temporary)


def load_model(
    path: str | Path, build: Callable[[dict[str, Any]], nn.Module], name: str = ""
) -> tuple[nn.Module, dict[str, Any]]:
    """Read what `save_model` wrote: the model that `build(meta)` returns, in eval mode, and `meta`.

    No code in the file is executed, and weights that do not fit the network are refused before
    memory is allocated for it.

    Args:
        path: the file.
        build: makes the network.
        name: what messages call the file, if not by its path.

    Raises:
        UserError: the file is missing, damaged, or its weights do not fit the built model.
    """
    name = name or str(path)
    again = "delete it and run again, which trains it again"
    try:
        stored = read_tensors(path)
        meta, state = stored["meta"], stored["state_dict"]
    except OSError as error:
        raise UserError(f"model {name} cannot be read ({error.strerror}): {again}") from None
    except UnusableFileError as error:
        raise UserError(f"model {name} {error}: {again}") from None
    except KeyError as error:
        raise UserError(f"model {name} is no model of ours (without {error}): {again}") from None
    try:
        with torch.device("meta"):  # shapes alone
            reason = misfit(state, build(meta))
    except Exception:  # `build` is the caller's, and bad meta can make it fail in any way
        reason = "it describes no network that can be built"
    if reason:
        raise UserError(f"model {name} does not fit ({reason}): {again}")
    model = build(meta)
    model.load_state_dict(state)
    return model.eval(), meta


def load_for_inference(path: str | Path, build: Callable[[dict[str, Any]], nn.Module]) -> Any:
    """Load what `save_model` wrote for inference: channels last, on a GPU if there is one."""
    model, _ = load_model(path, build)
    return on_device(model)


def on_device(model: nn.Module) -> nn.Module:
    """Put a model, channels last, on torch's current GPU, if there is one."""
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model
