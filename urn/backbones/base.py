"""What all backbones have in common."""

from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from urn.errors import UserError
from urn.files.tensors import misfit

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
OUTPUT_STRIDES = (8, 16, 32)

StageMaps = tuple[Tensor, Tensor, Tensor, Tensor]
Dilations = Literal["segmentation", "classifier"]


class Backbone(nn.Module):
    """An image in, four stage maps out.

    Attributes:
        channels: channel counts of the four stage maps.
        network: the module that makes them; its parameters have a published checkpoint's names.
        head: how the names of a published checkpoint's ImageNet head start.
        first_stage: names of the first convolution and stage, and of what lies between.
        pretrained: whether it started from ImageNet weights.
        frozen_statistics: whether training then keeps their batch statistics.
    """

    channels: tuple[int, int, int, int]
    network: Any
    head: ClassVar[tuple[str, ...]] = ("fc.",)
    first_stage: ClassVar[tuple[str, ...]] = ("conv1", "bn1", "layer1")
    pretrained = False
    frozen_statistics = False
    _frozen: tuple[bool, bool] = (False, False)

    def freeze(self, affine: bool, first_stage: bool) -> None:
        """Keep parameters as pretrained: now if they are, else when a checkpoint is loaded.

        Args:
            affine: scale and shift of every batch norm.
            first_stage: all parameters of the first convolution and stage.

        Raises:
            UserError: the backbone does not say which its first stage is.
        """
        if first_stage and not self.first_stage:
            raise UserError(
                "the first stage of timm's models cannot be frozen: set frozen_first_stage to false"
            )
        self._frozen = affine, first_stage
        if not self.pretrained:
            return
        for module in self.modules():
            if affine and isinstance(module, _BatchNorm):
                module.requires_grad_(False)
        for name in self.first_stage if first_stage else ():
            self.network.get_submodule(name).requires_grad_(False)

    def dilate_as_classifier(self) -> None:
        """Take back all dilation, but keep the strides: maps stay as large."""
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d) and not isinstance(module.padding, str):
                sides = zip(module.padding, module.dilation, strict=True)
                module.padding = tuple(padding // dilation for padding, dilation in sides)
                module.dilation = (1, 1)

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; frozen statistics stay in evaluation mode."""
        super().train(mode)
        if self.frozen_statistics and self.pretrained:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → the four stage maps, finest first."""
        fine, middle, coarse, last = self.network(images)
        return fine, middle, coarse, last

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a published ImageNet checkpoint; see `load_published_state_dict`."""
        load_exactly(
            self.network,
            {name: value for name, value in state.items() if not name.startswith(self.head)},
        )

    def set_pretrained(self) -> None:
        """Note that its weights are ImageNet's now."""
        self.pretrained = True
        self.freeze(*self._frozen)

    def load_pretrained(self) -> None:
        """Load the ImageNet weights at hand, if there are any."""


class Renormalization(nn.Module):
    """Normalised with ImageNet's mean and deviation → with others, both over values 0–255."""

    scale: Tensor
    shift: Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        given = torch.tensor([IMAGENET_MEAN, IMAGENET_STD], dtype=torch.float64).view(2, 3, 1, 1)
        wanted = torch.tensor([mean, std], dtype=torch.float64).view(2, 3, 1, 1)
        scale, shift = given[1] / wanted[1], (given[0] - wanted[0]) / wanted[1]
        self.register_buffer("scale", scale.float(), persistent=False)
        self.register_buffer("shift", shift.float(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """N×3×H×W → the same shape."""
        return images * self.scale + self.shift


def strides_and_dilations(output_stride: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Strides and dilations of four stages after a stem of stride 4."""
    return {
        8: ((1, 2, 1, 1), (1, 1, 2, 4)),
        16: ((1, 2, 2, 1), (1, 1, 1, 2)),
        32: ((1, 2, 2, 2), (1, 1, 1, 1)),
    }[output_stride]


def convolution(
    channels_in: int, channels: int, side: int, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """A convolution without bias that keeps the size of a map, but for its stride."""
    padding = dilation * (side // 2)
    return nn.Conv2d(channels_in, channels, side, stride, padding, dilation, bias=False)


def draw_weights(network: nn.Module) -> None:
    """He's initialisation of every convolution."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def load_exactly(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Load tensors by name; only `num_batches_tracked` may be missing or unexpected.

    Raises:
        RuntimeError: it names tensors that are missing, unexpected, of another shape or not finite.
    """
    if reason := misfit(state, network, counted=False):
        raise RuntimeError(reason)
    counted = {key: value for key, value in state.items() if "num_batches_tracked" not in key}
    network.load_state_dict(counted, strict=False)
