"""Backbones of classifier and segmentation model alike: an image in, four stage maps out.

Every backbone takes N×3×H×W float images normalised with the ImageNet mean and standard deviation
and returns its four stage maps, finest first. Stages after the output stride is reached have no
stride; in segmentation models they have dilation in its place.
"""

from torch import Tensor

from urn.backbones.base import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    OUTPUT_STRIDES,
    Backbone,
    Dilations,
    StageMaps,
)
from urn.backbones.timm_backbone import PREFIX, TimmBackbone
from urn.errors import UserError
from urn.registry import BACKBONES

__all__ = [
    "BACKBONES",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Backbone",
    "Dilations",
    "StageMaps",
    "build_backbone",
    "load_published_state_dict",
]


def build_backbone(
    name: str,
    output_stride: int = 8,
    pretrained: bool = True,
    dilations: Dilations = "segmentation",
) -> Backbone:
    """Build a backbone whose forward gives the four stage maps.

    Args:
        name: a key of `urn.registry.BACKBONES`, or `timm:` and the name of a timm model.
        output_stride: 8, 16 or 32, the stride of the last stage.
        pretrained: start from ImageNet weights where the backbone has any at hand.
        dilations: "segmentation" trades stride for dilation. The published classifiers of SEAM and
            PMM, "classifier", have the same strides but no dilation; only ResNet-38 keeps its own,
            half as large in the last block.

    Raises:
        UserError: the name is unknown, or the backbone has no such output stride.
    """
    if output_stride not in OUTPUT_STRIDES:
        allowed = ", ".join(map(str, OUTPUT_STRIDES))
        raise UserError(f"output stride {output_stride!r} is unknown: choose one of {allowed}")
    if name in BACKBONES:
        backbone: Backbone = BACKBONES[name].load()(output_stride)
    elif name.startswith(PREFIX):
        backbone = TimmBackbone(name.removeprefix(PREFIX), output_stride)
    else:
        choices = f"{', '.join(BACKBONES)} or {PREFIX}<name>"
        raise UserError(f"backbone {name!r} is unknown: choose one of {choices}")
    if dilations == "classifier":
        backbone.dilate_as_classifier()
    if pretrained:
        backbone.load_pretrained()
    return backbone


def load_published_state_dict(module: Backbone, state_dict: dict[str, Tensor]) -> None:
    """Load a published ImageNet checkpoint into a backbone, its names mapped to ours.

    Raises:
        RuntimeError: a tensor is missing, unexpected or of another shape (the ImageNet head, which
            a backbone does not have, and counts of batches excepted).
    """
    module.load_published(state_dict)
    module.set_pretrained()
