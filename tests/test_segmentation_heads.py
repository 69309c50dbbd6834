"""The heads compute what mmseg's do, by less work."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn
from torch.nn import functional as F

from urn.mmsegmentation import PSPHead, accuracy
from urn.segmentation.heads import WeightedPSPHead, convolved_enlarged
from urn.segmentation.losses import PixelLoss

CHANNELS, WIDTH, CLASSES = 6, 4, 5
HEAD = {
    "in_channels": CHANNELS,
    "channels": WIDTH,
    "num_classes": CLASSES,
    "dropout_ratio": 0,
    "norm_cfg": {"type": "BN"},
    "align_corners": False,
    "pool_scales": (1, 2, 3, 6),
    "in_index": 0,
}


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize(
    ("small", "large"), [((1, 1), (9, 7)), ((2, 3), (11, 8)), ((6, 6), (5, 4))]
)
def test_convolved_enlarged_is_what_its_name_says(small, large, kernel, align_corners):
    torch.manual_seed(0)
    maps = torch.randn(2, 3, *small, dtype=torch.float64)
    weight = torch.randn(4, 3, kernel, kernel, dtype=torch.float64)
    enlarged = F.interpolate(maps, large, mode="bilinear", align_corners=align_corners)
    expected = F.conv2d(enlarged, weight, padding=kernel // 2)
    found = convolved_enlarged(maps, weight, torch.Size(large), align_corners)
    torch.testing.assert_close(found, expected)


@pytest.fixture
def ours() -> WeightedPSPHead:
    torch.manual_seed(0)
    head = WeightedPSPHead(**HEAD, loss_decode={"type": PixelLoss, "name": "cross_entropy"})
    nn.init.normal_(head.conv_seg.weight)
    return head


@pytest.mark.parametrize("training", [True, False])
def test_the_pyramid_pooling_head_equals_mmsegs_in_value_and_gradient(ours, training):
    theirs = PSPHead(**HEAD, loss_decode={"type": "mmseg.CrossEntropyLoss"})
    theirs.load_state_dict(ours.state_dict())
    stage = torch.randn(2, CHANNELS, 13, 10, dtype=torch.float64)
    found, expected = [], []
    for head, results in ((ours, found), (theirs, expected)):
        head.double().train(training)
        x = stage.clone().requires_grad_()
        logits = head([x])
        logits.square().sum().backward()
        results += [logits, x.grad, *(parameter.grad for parameter in head.parameters())]
    for value, other in zip(found, expected, strict=True):
        torch.testing.assert_close(value, other, atol=1e-9, rtol=1e-7)


def test_the_accuracy_is_mmsegs(ours):
    logits = torch.randn(2, CLASSES, 8, 9)
    target = torch.randint(CLASSES, (2, 1, 8, 9))
    target[:, :, :3] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=mask)) for mask in target]
    found = ours.loss_by_feat(logits, samples)["acc_seg"]
    expected = accuracy(logits, target[:, 0], ignore_index=255)
    torch.testing.assert_close(found.reshape(1), expected)
