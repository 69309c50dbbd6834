"""The segmentation model: mmsegmentation's PSPNet with an FCN auxiliary head."""

from typing import Any, cast

from torch import nn

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD, build_backbone
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.heads import WeightedFCNHead, WeightedPSPHead
from urn.segmentation.losses import PixelLoss
from urn.segmentation.transforms import SegmentationPreprocessor

AUXILIARY_LOSS_WEIGHT = 0.4
POOL_SCALES = (1, 2, 3, 6)
# Of a training step: the head pools whole maps, and batch norm needs more than one value.
LEAST_IMAGES = 2


def build_segmentor(
    backbone: str,
    num_classes: int,
    *,
    output_stride: int = 8,
    head_channels: int = 512,
    auxiliary_channels: int = 256,
    loss: dict[str, Any] | None = None,
    crop_size: int = 512,
    pretrained: bool = True,
    frozen_statistics: bool = False,
) -> EncoderDecoder:
    """Build the model.

    Args:
        backbone: a name that `urn.backbones` knows.
        loss: arguments of `urn.segmentation.losses.PixelLoss` for both heads, such as
            `{"name": "noise_weighted", "t": 0.05}`; plain cross entropy by default. The auxiliary
            head's loss is multiplied by 0.4.
        crop_size: side of the training crops, to which smaller ones are padded.
        pretrained: start the backbone from its ImageNet weights.
        frozen_statistics: keep the batch statistics of a pretrained backbone in training.
    """
    encoder = build_backbone(backbone, output_stride=output_stride, pretrained=pretrained)
    encoder.frozen_statistics |= frozen_statistics
    channels = cast(tuple[int, int, int, int], encoder.channels)
    loss = {"type": PixelLoss, **(loss or {"name": "cross_entropy"})}
    shared = {
        "num_classes": num_classes,
        "out_channels": num_classes,
        "dropout_ratio": 0.1,
        "norm_cfg": {"type": "BN"},
        "align_corners": False,
    }
    model = EncoderDecoder(
        backbone={"type": lambda: encoder},
        decode_head={
            "type": WeightedPSPHead,
            "in_channels": channels[3],
            "in_index": 3,
            "channels": head_channels,
            "pool_scales": POOL_SCALES,
            "loss_decode": loss,
            **shared,
        },
        auxiliary_head={
            "type": WeightedFCNHead,
            "in_channels": channels[2],
            "in_index": 2,
            "channels": auxiliary_channels,
            "num_convs": 1,
            "concat_input": False,
            "loss_decode": {**loss, "loss_weight": AUXILIARY_LOSS_WEIGHT},
            **shared,
        },
        data_preprocessor={
            "type": SegmentationPreprocessor,
            "mean": IMAGENET_MEAN,
            "std": IMAGENET_STD,
            "size": (crop_size, crop_size),
        },
    )
    for head in (model.decode_head, model.auxiliary_head):
        nn.init.normal_(head.conv_seg.weight, std=0.01)
        nn.init.zeros_(head.conv_seg.bias)
    return model


def parameter_groups(
    model: EncoderDecoder, learning_rate: float, new_layers_factor: float
) -> list[dict[str, Any]]:
    """SGD groups: the backbone, and the heads at `new_layers_factor` times its learning rate."""
    heads = [*model.decode_head.parameters(), *model.auxiliary_head.parameters()]
    return [
        {"params": list(model.backbone.parameters()), "lr": learning_rate},
        {"params": heads, "lr": learning_rate * new_layers_factor},
    ]
