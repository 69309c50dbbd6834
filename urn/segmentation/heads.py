"""mmseg's heads with a loss that takes a weight per pixel."""

import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.nn import functional as F

from urn.mmsegmentation import FCNHead, PSPHead, accuracy
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
        correct = accuracy(logits, target, ignore_index=self.ignore_index)
        return {self.loss_decode.loss_name: loss, "acc_seg": correct}


@MODELS.register_module()
class WeightedPSPHead(WeightedLossMixin, PSPHead):
    """PSPHead with a `PixelLoss`."""


@MODELS.register_module()
class WeightedFCNHead(WeightedLossMixin, FCNHead):
    """FCNHead with a `PixelLoss`."""
