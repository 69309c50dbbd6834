"""ScaleNet-101 (Li et al., Data-Driven Neuron Allocation for Scale Aggregation Networks, 2019).

Parameter names are those of the published model.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from urn.backbones.base import (
    Backbone,
    StageMaps,
    convolution,
    draw_weights,
    strides_and_dilations,
)

SCALES = (1, 2, 4, 7)
WIDTHS = (64, 128, 256, 512)
SIDES = (56, 28, 14, 7)  # of the stages' maps when the image is 224×224
EXPANSION = 4

Allocation = tuple[int, int, int, int]

# Channels at each of SCALES, block by block, as learnt by the paper's authors for ImageNet
# (scalenet101.json of their published model, github.com/Eli-YiLi/ScaleNet).
# fmt: off
ALLOCATION: tuple[tuple[Allocation, ...], ...] = (
    ((61, 11, 7, 7), (56, 23, 4, 3), (59, 24, 3, 0)),
    ((123, 41, 1, 6), (126, 38, 1, 6), (127, 41, 3, 0), (127, 41, 3, 0)),
    ((220, 86, 35, 0), (186, 64, 55, 36), (156, 25, 53, 107), (191, 44, 52, 54),
     (181, 53, 83, 24), (221, 82, 34, 4), (177, 62, 90, 12), (130, 75, 102, 34),
     (206, 71, 55, 9), (203, 83, 53, 2), (207, 73, 54, 7), (245, 84, 12, 0),
     (221, 103, 17, 0), (221, 100, 20, 0), (158, 99, 84, 0), (220, 106, 15, 0),
     (173, 92, 73, 3), (135, 122, 84, 0), (109, 71, 132, 29), (147, 94, 93, 7),
     (191, 108, 42, 0), (127, 95, 113, 6), (203, 117, 21, 0)),
    ((282, 377, 23, 0), (279, 388, 15, 0), (84, 442, 155, 1)),
)
# fmt: on


class Enlarge(nn.Module):
    """Back to the size of another map; bilinear unless that repeats every pixel equally often."""

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """N×C×h×w → N×C×H×W, the size of `like`."""
        size, own = like.shape[2:], x.shape[2:]
        if own == size:
            return x
        if size[0] % own[0] == 0 and size[1] % own[1] == 0:
            return F.interpolate(x, size, mode="nearest")
        return F.interpolate(x, size, mode="bilinear", align_corners=False)


class ScaleBlock(nn.Module):
    """A bottleneck whose middle convolution works at up to four scales of its map.

    Args:
        channels_in: of the map that enters.
        width: of the bottleneck; the block gives four times as many channels.
        allocation: output channels of the middle convolution at each of `SCALES`.
        side: nominal side of the map; a branch that would shrink it to a point has a 1×1 kernel.
        stride: of the max pooling before the block.
        dilation: of the middle convolutions.
    """

    def __init__(
        self,
        channels_in: int,
        width: int,
        allocation: Allocation,
        side: int,
        stride: int = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        channels = width * EXPANSION
        self.stride = stride
        self.downsample = (
            nn.Sequential(convolution(channels_in, channels, 1), nn.BatchNorm2d(channels))
            if stride > 1 or channels_in != channels
            else nn.Identity()
        )
        self.conv1 = convolution(channels_in, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.ModuleDict(), nn.ModuleDict()
        for branch, share in enumerate(allocation):
            if share:
                kernel = 3 if side / 2**branch > 1 else 1
                self.conv2[str(branch)] = convolution(width, share, kernel, dilation=dilation)
                self.bn2[str(branch)] = nn.BatchNorm2d(share)
        self.enlarge = Enlarge()
        self.conv3 = convolution(sum(allocation), channels, 1)
        self.bn3 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×(4·width)×⌊H/stride⌋×⌊W/stride⌋."""
        if self.stride > 1:
            x = F.max_pool2d(x, self.stride)
        middle = F.relu(self.bn1(self.conv1(x)), inplace=True)
        branches = []
        for branch, conv in self.conv2.items():
            scale = SCALES[int(branch)]
            answer = conv(_shrunk(middle, scale))
            if scale > 1:
                answer = self.enlarge(answer, middle)
            branches.append(self.bn2[branch](answer))
        middle = F.relu(torch.cat(branches, dim=1), inplace=True)
        return F.relu(self.bn3(self.conv3(middle)) + self.downsample(x), inplace=True)


class ScaleNet(nn.Module):
    """The network below the ImageNet head."""

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        strides, dilations = strides_and_dilations(output_stride)
        channels = 64
        stages = []
        for rows, width, side, stride, dilation in zip(
            ALLOCATION, WIDTHS, SIDES, strides, dilations, strict=True
        ):
            blocks = []
            for row in rows:
                blocks.append(ScaleBlock(channels, width, row, side, stride, dilation))
                channels, stride = width * EXPANSION, 1
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → the four stage maps."""
        stem = F.relu(self.bn1(self.conv1(images)), inplace=True)
        fine = self.layer1(F.max_pool2d(stem, 3, stride=2, padding=1))
        middle = self.layer2(fine)
        coarse = self.layer3(middle)
        return fine, middle, coarse, self.layer4(coarse)


class ScaleNet101(Backbone):
    """Maps of 256, 512, 1024 and 2048 channels; every block of a stage has its dilation."""

    channels = (256, 512, 1024, 2048)

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        self.network = ScaleNet(output_stride)
        draw_weights(self.network)


def _shrunk(x: Tensor, scale: int) -> Tensor:
    """Max-pooled by `scale`, or over the whole map where it is smaller than that."""
    if scale == 1:
        return x
    height, width = x.shape[2:]
    return F.max_pool2d(x, (height, width) if min(height, width) < scale else scale)
