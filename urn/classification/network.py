"""SEAM: a classifier whose class head makes CAMs, refined by the pixel correlation module."""

from collections.abc import Sequence
from math import sqrt
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from urn.backbones import StageMaps
from urn.backbones.fine_tuning import FineTuned
from urn.classification.losses import (
    EPSILON,
    foreground_maximum,
    seam_losses,
    with_background,
)

Initialisation = Literal["xavier", "published"]
Competing = Literal["tagged", "all"]

SMALL_SCALE = 0.3
# The affinity of M pixels has M² entries. If those of a batch take more than AFFINITY_BYTES, it is
# computed a few pixels at a time, which saves memory and changes no result. With more than
# AFFINITY_PIXELS a coarser grid is used, as time grows with M², too.
AFFINITY_BYTES = 5 << 28
PIXELS_AT_ONCE = 1024
AFFINITY_PIXELS = 40_000


class PixelCorrelationModule(nn.Module):
    """Spreads a CAM over pixels with similar features: PCM(cam) = cam · affinity (SEAM, §3.3).

    The affinity is relu(fᵀf), normalised over source pixels. The unit features f are made from two
    earlier stages and the image, all at the size of the finer stage.

    Args:
        channels: of the finer and of the coarser stage.
    """

    def __init__(self, channels: tuple[int, int]) -> None:
        super().__init__()
        self.reduce_fine = nn.Conv2d(channels[0], 64, 1, bias=False)
        self.reduce_coarse = nn.Conv2d(channels[1], 128, 1, bias=False)
        self.embed = nn.Conv2d(64 + 128 + 3, 192, 1, bias=False)

    def draw_weights(self, initialisation: Initialisation) -> None:
        """Draw the first weights of its three layers; see `SEAM`."""
        published = initialisation == "published"
        for layer in (self.reduce_fine, self.reduce_coarse):
            draw = nn.init.kaiming_normal_ if published else nn.init.xavier_uniform_
            draw(layer.weight)
        nn.init.xavier_uniform_(self.embed.weight, gain=4 if published else 1)

    def forward(self, cam: Tensor, images: Tensor, fine: Tensor, coarse: Tensor) -> Tensor:
        """CAM N×(C+1)×h×w in [0, 1] → the same maps at the fine stage's size."""
        grid = _bounded(fine.shape[2:])
        features = [F.relu(self.reduce_fine(fine)), F.relu(self.reduce_coarse(coarse))]
        joined = torch.cat([_resize(x, grid) for x in (images, *features)], dim=1)
        f = F.normalize(self.embed(joined).flatten(2), dim=1, eps=EPSILON)
        # Normalising after the product takes one pass over the affinity, by far the largest tensor
        # here: the sums to divide by are one more row of the product.
        source = _resize(cam, grid).flatten(2)
        source = torch.cat([source, torch.ones_like(source[:, :1])], dim=1)
        spread = _spread(source, f)
        spread = (spread[:, :-1] / (spread[:, -1:] + EPSILON)).unflatten(2, grid)
        return _resize(spread, fine.shape[2:])


class SEAM(FineTuned):
    """SEAM's classifier, from images and tags to CAMs.

    Args:
        backbone: name of a backbone.
        num_classes: foreground classes C; the head has C+1 maps, map 0 the background.
        output_stride: stride of the CAM.
        pretrained: start from ImageNet weights where the backbone has any.
        dropout: share of the channels that training drops before the head.
        competing_classes: those that compete in the CAM that enters the PCM, "tagged" or "all".
        pcm_initialisation: "xavier" for all layers of the PCM; "published" draws its reductions by
            Kaiming and its embedding by Xavier with gain 4.
        fine_tuning: further arguments of `FineTuned`. Frozen statistics suit photographs: the two
            branches see images of very different sizes, and joint statistics fit neither. Images
            very unlike photographs still need statistics of their own.
    """

    def __init__(
        self,
        backbone: str,
        num_classes: int,
        output_stride: int = 8,
        pretrained: bool = True,
        *,
        dropout: float = 0.0,
        competing_classes: Competing = "tagged",
        pcm_initialisation: Initialisation = "xavier",
        **fine_tuning: Any,
    ) -> None:
        super().__init__(backbone, output_stride, pretrained, **fine_tuning)
        channels = self.backbone.channels
        self.competing_classes = competing_classes
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(channels[3], num_classes + 1, 1, bias=False)
        self.pcm = PixelCorrelationModule((channels[1], channels[2]))
        nn.init.xavier_uniform_(self.head.weight)
        self.pcm.draw_weights(pcm_initialisation)

    def new_layers(self) -> list[nn.Conv2d]:
        """The layers without pretrained weights; they learn faster than the backbone."""
        return [self.head, self.pcm.reduce_fine, self.pcm.reduce_coarse, self.pcm.embed]

    def cams(self, images: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
        """Raw CAM and PCM CAM, N×(C+1)×h×w, at the size of the last and of the second stage.

        Args:
            images: N×3×H×W, ImageNet-normalised.
            tags: N×C; only present classes enter the PCM, unless all compete.
        """
        maps: StageMaps = self.backbone(images)
        cam = self.head(self.dropout(maps[3]))
        with torch.no_grad():
            seed = F.relu(cam) / (F.relu(cam).amax((2, 3), keepdim=True) + EPSILON)
            if self.competing_classes == "tagged":
                seed = seed * with_background(tags)
            background = 1 - seed[:, 1:].amax(1, keepdim=True)
            seed = foreground_maximum(torch.cat([background, seed[:, 1:]], dim=1))
        # Detached: the CAM's losses train the backbone, PCM's losses only PCM.
        return cam, self.pcm(seed, images, maps[1].detach(), maps[2].detach())

    def forward(
        self, inputs: list[Tensor], tags: list[Tensor], mode: str = "tensor"
    ) -> dict[str, Tensor] | tuple[Tensor, Tensor]:
        """mmengine's entry: `mode` "loss" gives SEAM's losses, "tensor" the two CAMs."""
        images, present = torch.stack(inputs), torch.stack(tags)
        large = self.cams(images, present)
        if mode == "tensor":
            return large
        shrunk = F.interpolate(
            images, scale_factor=SMALL_SCALE, mode="bilinear", align_corners=False
        )
        return seam_losses(large, self.cams(shrunk, present), present, shrunk.shape[2:])


def _bounded(size: Sequence[int]) -> tuple[int, int]:
    """This height and width, or the largest of their aspect within `AFFINITY_PIXELS`."""
    factor = min(1.0, sqrt(AFFINITY_PIXELS / (size[0] * size[1])))
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def _spread(source: Tensor, f: Tensor) -> Tensor:
    """N×S×M maps times the affinity relu(fᵀf) of N×D×M unit features, N×S×M."""

    def to(targets: Tensor) -> Tensor:
        return source @ F.relu(f.transpose(1, 2) @ targets, inplace=True)

    images, _, pixels = f.shape
    if images * pixels**2 * f.element_size() <= AFFINITY_BYTES:
        return to(f)
    parts = f.split(PIXELS_AT_ONCE, dim=2)
    if not torch.is_grad_enabled():
        return torch.cat([to(part) for part in parts], dim=2)
    # Training would keep every part for its gradients; checkpointing recomputes them instead.
    return torch.cat([checkpoint(to, part, use_reentrant=False) for part in parts], dim=2)


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(maps, tuple(size), mode="bilinear", align_corners=False)
