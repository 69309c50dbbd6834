"""mmseg's heads with a loss that takes a weight per pixel, and less work for the same numbers."""

import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.nn import functional as F

from urn.mmsegmentation import FCNHead, PSPHead
from urn.segmentation.losses import PixelLoss


class WeightedLossMixin:
    """Passes the samples' `gt_weight` maps (N×H×W; None if there are none) to the loss."""

    loss_decode: PixelLoss
    align_corners: bool
    ignore_index: int

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Loss and pixel accuracy of N×C×h×w logits, enlarged to the targets' size."""
        target = torch.cat([sample.gt_sem_seg.data for sample in batch_data_samples])
        weight = None
        if "gt_weight" in batch_data_samples[0]:
            weight = torch.cat([sample.gt_weight.data for sample in batch_data_samples])
        logits = F.interpolate(
            seg_logits, target.shape[1:], mode="bilinear", align_corners=self.align_corners
        )
        loss = self.loss_decode(logits, target, weight, self.ignore_index)
        return {self.loss_decode.loss_name: loss, "acc_seg": self._accuracy(logits, target)}

    def _accuracy(self, logits: Tensor, target: Tensor) -> Tensor:
        """Percentage of labelled pixels that are right; mmseg's sorts every pixel's classes."""
        labelled = target != self.ignore_index
        right = (logits.detach().argmax(1) == target) & labelled
        return 100 * right.sum() / labelled.sum().clamp(min=1)


@MODELS.register_module()
class WeightedPSPHead(WeightedLossMixin, PSPHead):
    """PSPHead with a `PixelLoss`."""

    def _forward_feature(self, inputs: list[Tensor]) -> Tensor:
        """As PSPHead's, N×channels×h×w, without convolving the enlarged pooled maps.

        The last convolution is a sum of convolutions, one of the stage map and one of each pooled
        map. The latter are computed at the pooled maps' own size, which saves half of the head's
        work or more.
        """
        x = self._transform_inputs(inputs)
        convolution = self.bottleneck.conv
        own, *others = convolution.weight.split(
            [self.in_channels] + [self.channels] * len(self.pool_scales), dim=1
        )
        total = F.conv2d(x, own, padding=convolution.padding)
        for pool, weight in zip(self.psp_modules, others, strict=True):
            total = total + convolved_enlarged(pool(x), weight, x.shape[2:], self.align_corners)
        return self.bottleneck.activate(self.bottleneck.norm(total))


@MODELS.register_module()
class WeightedFCNHead(WeightedLossMixin, FCNHead):
    """FCNHead with a `PixelLoss`."""


def convolved_enlarged(
    maps: Tensor, weight: Tensor, size: torch.Size, align_corners: bool = False
) -> Tensor:
    """What a zero-padded convolution makes of bilinearly enlarged maps.

    Both are linear, and enlarging is separable, so the channels are mixed first, while the maps are
    small: once for each place of the kernel.

    Args:
        maps: N×C×s×t, small.
        weight: O×C×K×K, K odd.
        size: h, w to which the maps are enlarged.
        align_corners: as in `torch.nn.functional.interpolate`.

    Returns:
        N×O×h×w.
    """
    kernel = weight.shape[2]
    mixed = torch.einsum("ncst,ockl->nokslt", maps, weight).flatten(4, 5).flatten(2, 3)
    rows, columns = (
        _shifted_enlargement(small, large, kernel, align_corners, maps).to(mixed)
        for small, large in zip(maps.shape[2:], size, strict=True)
    )
    return rows @ mixed @ columns.T


def _shifted_enlargement(
    small: int, large: int, kernel: int, align_corners: bool, like: Tensor
) -> Tensor:
    """The large×(kernel·small) matrix that enlarges linearly, and shifts, for each kernel place."""
    exact = torch.promote_types(like.dtype, torch.float32)
    unit = torch.eye(small, dtype=exact, device=like.device)[None]
    enlarge = F.interpolate(unit, large, mode="linear", align_corners=align_corners)[0].T
    padded = F.pad(enlarge, (0, 0, kernel // 2, kernel // 2))
    return torch.cat([padded[place : place + large] for place in range(kernel)], dim=1)
