"""ResNet-38: the wide ResNet A1 of Wu et al., Wider or Deeper (2016).

Parameter names are those of the PyTorch conversion of the published model.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from urn.backbones.base import (
    Backbone,
    StageMaps,
    convolution,
    draw_weights,
    strides_and_dilations,
)

TAPPED = ("b4", "b5", "b6")  # blocks whose activated input is a stage map


class BasicBlock(nn.Module):
    """Two 3×3 convolutions, each after BN and ReLU.

    Args:
        channels_in: of the map that enters.
        width: between the two convolutions.
        channels: of the map that leaves.
        stride: of the first convolution.
        dilations: of the two convolutions.
    """

    def __init__(
        self,
        channels_in: int,
        width: int,
        channels: int,
        stride: int = 1,
        dilations: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        first, second = dilations
        self.bn_branch2a = nn.BatchNorm2d(channels_in)
        self.conv_branch2a = convolution(channels_in, width, 3, stride, first)
        self.bn_branch2b1 = nn.BatchNorm2d(width)
        self.conv_branch2b1 = convolution(width, channels, 3, dilation=second)
        self.conv_branch1 = (
            convolution(channels_in, channels, 1, stride)
            if stride > 1 or channels_in != channels
            else None
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The block's map, and its input after the first BN and ReLU."""
        activated = F.relu(self.bn_branch2a(x), inplace=True)
        shortcut = x if self.conv_branch1 is None else self.conv_branch1(activated)
        middle = F.relu(self.bn_branch2b1(self.conv_branch2a(activated)), inplace=True)
        return shortcut + self.conv_branch2b1(middle), activated


class BottleneckBlock(nn.Module):
    """1×1, 3×3 and 1×1 convolutions, each after BN and ReLU, the last two also after dropout.

    Args:
        channels_in: of the map that enters.
        channels: of the map that leaves; a quarter and a half of it lie between.
        stride: of the first convolution.
        dilation: of the 3×3 convolution.
        dropout: share of the channels that training drops.
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.bn_branch2a = nn.BatchNorm2d(channels_in)
        self.conv_branch2a = convolution(channels_in, channels // 4, 1, stride)
        self.bn_branch2b1 = nn.BatchNorm2d(channels // 4)
        self.conv_branch2b1 = convolution(channels // 4, channels // 2, 3, dilation=dilation)
        self.bn_branch2b2 = nn.BatchNorm2d(channels // 2)
        self.conv_branch2b2 = convolution(channels // 2, channels, 1)
        self.conv_branch1 = convolution(channels_in, channels, 1, stride)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The block's map, and its input after the first BN and ReLU."""
        activated = F.relu(self.bn_branch2a(x), inplace=True)
        middle = F.relu(self.bn_branch2b1(self.conv_branch2a(activated)), inplace=True)
        middle = self.conv_branch2b1(self.dropout(middle))
        middle = F.relu(self.bn_branch2b2(middle), inplace=True)
        middle = self.conv_branch2b2(self.dropout(middle))
        return self.conv_branch1(activated) + middle, activated


class WideResNetA1(nn.Module):
    """The network below the ImageNet head."""

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        (*_, stride5, stride6), (*_, dilation5, dilation6) = strides_and_dilations(output_stride)
        self.conv1a = convolution(3, 64, 3)
        self.blocks: list[str] = []

        channels_in = 64
        for stage, channels, count in ((2, 128, 3), (3, 256, 3), (4, 512, 6)):
            self._add(stage, 0, BasicBlock(channels_in, channels, channels, stride=2))
            for position in range(1, count):
                self._add(stage, position, BasicBlock(channels, channels, channels))
            channels_in = channels
        self._add(5, 0, BasicBlock(512, 512, 1024, stride5, (1, dilation5)))
        for position in (1, 2):
            block = BasicBlock(1024, 512, 1024, dilations=(dilation5, dilation5))
            self._add(5, position, block)
        self._add(6, 0, BottleneckBlock(1024, 2048, stride6, dilation6, dropout=0.3))
        self._add(7, 0, BottleneckBlock(2048, 4096, 1, dilation6, dropout=0.5))
        self.bn7 = nn.BatchNorm2d(4096)

    def _add(self, stage: int, position: int, block: nn.Module) -> None:
        name = f"b{stage}_{position}" if position else f"b{stage}"
        self.add_module(name, block)
        self.blocks.append(name)

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → the four stage maps."""
        x = self.conv1a(images)
        taps = []
        for name in self.blocks:
            x, activated = self.get_submodule(name)(x)
            if name in TAPPED:
                taps.append(activated)
        fine, middle, coarse = taps
        return fine, middle, coarse, F.relu(self.bn7(x), inplace=True)


class ResNet38(Backbone):
    """Maps of 256, 512, 1024 and 4096 channels."""

    channels = (256, 512, 1024, 4096)
    head = ("fc.", "linear1000")
    first_stage = ("conv1a", "b2", "b2_1", "b2_2")

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        self.network = WideResNetA1(output_stride)
        draw_weights(self.network)

    def dilate_as_classifier(self) -> None:
        """Halve the dilation of the last block; all others stay, as published."""
        last: Any = self.network.get_submodule("b7.conv_branch2b1")
        last.dilation = last.padding = tuple(max(1, side // 2) for side in last.dilation)
