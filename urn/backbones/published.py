"""Published ImageNet checkpoints as files."""

import re
from pathlib import Path

import torch
from torch import Tensor

from urn.backbones import build_backbone, load_published_state_dict
from urn.backbones.mxnet_file import read_mxnet_arrays
from urn.errors import UserError
from urn.files.tensors import UnusableFileError, read_tensors

_LAYER = re.compile(r"(res|bn)(\d)(?:a|b(\d))_(branch\w+?)_(.+)")
# OpenMMLab's names of Res2Net's first layers, and its authors'.
_STEM = re.compile(r"stem\.([0-6])\.|stem\.7\.")
_TENSORS = {
    "weight": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_var": "running_var",
}


def read_checkpoint(path: str | Path, kind: str, fix: str = "fetch it again") -> dict[str, Tensor]:
    """Read the tensors of a published checkpoint by the names our networks have.

    Args:
        path: the file.
        kind: "torch" (a state dict), or "mxnet" (the published ResNet-38).
        fix: what mends a file that is not of its kind, for the message.

    Raises:
        UserError: the file is missing or not of its kind. Nothing in it is run.
    """
    if kind == "mxnet":
        arrays = read_mxnet_arrays(path)
        return {resnet38_name(name): torch.tensor(array) for name, array in arrays.items()}
    try:
        state = read_tensors(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): put the file there") from None
    except UnusableFileError as error:
        raise UserError(f"{path} {error}: {fix}") from None
    return {
        _STEM.sub(_authors_name, name): tensor
        for name, tensor in state.items()
        if isinstance(tensor, Tensor)
    }


def fitting_state(path: str | Path, backbone: str, kind: str) -> dict[str, Tensor]:
    """Read a published checkpoint that must be of a backbone: the same names and shapes of tensors.

    Args:
        path: the file.
        backbone: see `urn.backbones.build_backbone`.
        kind: see `read_checkpoint`.

    Raises:
        UserError: it cannot be read, or is another network's.
    """
    state = read_checkpoint(path, kind)
    try:
        load_published_state_dict(build_backbone(backbone, pretrained=False), state)
    except RuntimeError as error:
        raise UserError(f"{path} does not fit {backbone} ({error}): use another file") from None
    return state


def _authors_name(match: re.Match[str]) -> str:
    return f"conv1.{match[1]}." if match[1] else "bn1."


def resnet38_name(name: str) -> str:
    """Our name of a tensor of mxnet's ResNet-38, such as b4_5.bn_branch2a.running_mean.

    Blocks are counted a, b1, b2, … there, and `linear1000` is the ImageNet head. A name of
    another form is returned as it is, so that loading names it as unexpected.
    """
    plain = name.partition(":")[2] or name
    if match := _LAYER.fullmatch(plain):
        kind, stage, position, branch, tensor = match.groups()
        block = f"b{stage}_{position}" if position else f"b{stage}"
        layer = f"{'conv' if kind == 'res' else 'bn'}_{branch}"
        return f"{block}.{layer}.{_TENSORS.get(tensor, tensor)}"
    layer, _, tensor = plain.partition("_")
    return f"{layer}.{_TENSORS.get(tensor, tensor)}"
