"""AffinityNet (Ahn & Kwak 2018): features whose distance says whether two pixels share a class."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from urn.affinity.losses import affinity_losses
from urn.backbones.fine_tuning import FineTuned

GRID = 8  # side of a cell in pixels


class AffinityNet(FineTuned):
    """Features of an image's cells; the affinity of two cells is exp(−mean |fᵢ − fⱼ|).

    The last three stage maps, each reduced by a 1×1 conv, are joined on the grid of 1/8 of the
    image and embedded by one more.

    Args:
        backbone: name of a backbone.
        output_stride: stride of its last map.
        radius: training compares cells nearer than this.
        pretrained: start from ImageNet weights where the backbone has any.
        fine_tuning: further arguments of `FineTuned`.
    """

    def __init__(
        self,
        backbone: str,
        output_stride: int = 8,
        radius: int = 5,
        pretrained: bool = True,
        **fine_tuning: Any,
    ) -> None:
        super().__init__(backbone, output_stride, pretrained, **fine_tuning)
        self.radius = radius
        _, *channels = self.backbone.channels
        widths = (64, 128, 256)
        layers = [
            nn.Conv2d(stage, width, 1, bias=False)
            for stage, width in zip(channels, widths, strict=True)
        ]
        self.reduce = nn.ModuleList(layers)
        self.embed = nn.Conv2d(sum(widths), sum(widths), 1, bias=False)
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight)
        # Large, so that at first most affinities are neither 0 nor 1.
        nn.init.xavier_uniform_(self.embed.weight, gain=4)

    def new_layers(self) -> list[nn.Conv2d]:
        """The layers that start from scratch (they learn faster than the backbone)."""
        return [*self.reduce, self.embed]

    def features(self, images: Tensor) -> Tensor:
        """N×3×H×W, ImageNet-normalised → N×448×⌈H/8⌉×⌈W/8⌉."""
        size = [-(-side // GRID) for side in images.shape[2:]]
        reduced = [
            F.interpolate(F.elu(layer(stage)), size, mode="bilinear", align_corners=False)
            for layer, stage in zip(self.reduce, self.backbone(images)[1:], strict=True)
        ]
        return F.elu(self.embed(torch.cat(reduced, dim=1)))

    def forward(
        self, inputs: list[Tensor], labels: list[Tensor], mode: str = "tensor"
    ) -> dict[str, Tensor] | Tensor:
        """mmengine's entry: `mode` "loss" gives the losses, "tensor" the features.

        Args:
            inputs: 3×H×W each, H and W multiples of 8.
            labels: H/8×W/8 int64 each, 255 where nothing is known.
        """
        features = self.features(torch.stack(inputs))
        if mode == "tensor":
            return features
        return affinity_losses(features, torch.stack(labels), self.radius)
