"""Res2Net-101 v1b 26w×4s (Gao et al., 2019): timm's network, whose names are the published ones."""

from typing import Any

from torch import Tensor, nn

from urn.backbones.base import Backbone, StageMaps


class Res2Net101(Backbone):
    """Maps of 256, 512, 1024 and 2048 channels; every block of a stage has its dilation."""

    channels = (256, 512, 1024, 2048)

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        import timm

        self.network = timm.create_model(
            "res2net101d", num_classes=0, output_stride=output_stride, zero_init_last=False
        )
        for stage in self._stages():
            _dilate_like_the_second(stage[0], stage[1])

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → the four stage maps."""
        network = self.network
        x = network.maxpool(network.act1(network.bn1(network.conv1(images))))
        maps = []
        for stage in self._stages():
            x = stage(x)
            maps.append(x)
        fine, middle, coarse, last = maps
        return fine, middle, coarse, last

    def _stages(self) -> list[nn.Sequential]:
        network = self.network
        return [network.layer1, network.layer2, network.layer3, network.layer4]


def _dilate_like_the_second(first: Any, second: Any) -> None:
    """Undo timm's own way with a dilated stage's first block.

    timm gives it half the dilation and pools its shortcut by 2; here, as in the networks published
    for segmentation, it has the full dilation, and a shortcut without a stride is not pooled.
    """
    dilation = second.convs[0].dilation
    if dilation == (1, 1):
        return
    for conv in first.convs:
        conv.dilation = conv.padding = dilation
    first.downsample[0] = nn.Identity()
