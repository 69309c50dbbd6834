"""ResNet-18 and ResNet-101: mmsegmentation's networks, whose names are torchvision's.

A dilated stage's first block has half the stage's dilation.
"""

from typing import ClassVar

from urn.backbones.base import Backbone, draw_weights, strides_and_dilations


class ResNet(Backbone):
    """A ResNet with the plain 7×7 stem."""

    depth: ClassVar[int]

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        from urn.mmsegmentation import ResNet

        strides, dilations = strides_and_dilations(output_stride)
        self.network = ResNet(
            depth=self.depth,
            strides=strides,
            dilations=dilations,
            contract_dilation=True,
            norm_eval=False,
        )
        draw_weights(self.network)


class ResNet18(ResNet):
    """Maps of 64, 128, 256 and 512 channels; trained from scratch, or from a classifier on it."""

    channels = (64, 128, 256, 512)
    depth = 18


class ResNet101(ResNet):
    """Maps of 256, 512, 1024 and 2048 channels; its batch statistics stay what was loaded."""

    channels = (256, 512, 1024, 2048)
    depth = 101
    frozen_statistics = True
