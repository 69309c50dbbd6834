"""A trained model as mmsegmentation's own tools take it: a configuration and a checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from torch import nn

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD, build_backbone
from urn.export.samples import class_names
from urn.files.atomic import atomic_path
from urn.files.images import palette
from urn.segmentation.model import AUXILIARY_LOSS_WEIGHT, POOL_SCALES

MODULES = "urn.export.mmseg_modules"


def write_checkpoint(path: str | Path, model: nn.Module, classes: Sequence[str]) -> None:
    """Write the weights with the names and colours of the classes, whole or not at all.

    Args:
        path: the file.
        model: of `urn.segmentation.model.build_segmentor`.
        classes: names by id, the background's first.
    """
    with atomic_path(path) as temporary:
        state = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
        torch.save({"state_dict": state, "meta": {"dataset_meta": _classes(classes)}}, temporary)


def write_config(
    path: str | Path,
    build: Mapping[str, Any],
    scale: Sequence[int],
    classes: Sequence[str],
    data_root: str,
) -> None:
    """Write the configuration, whole or not at all.

    The model looks at the whole image once, at `scale`. The test runner takes the images of val
    from a folder in PASCAL VOC's layout.

    Args:
        path: the file.
        build: arguments of `urn.segmentation.model.build_segmentor`.
        scale: long and short side of the image that the network sees.
        classes: names by id, the background's first.
        data_root: the folder, see `urn.export.voc`.
    """
    pipeline = [
        {"type": "LoadImageFromFile", "imdecode_backend": "pillow"},  # reads EXIF as URN does
        {"type": "LoadAnnotations"},
        {"type": "PackSegInputs"},
    ]
    dataset = {
        "type": "BaseSegDataset",
        "metainfo": _classes(classes),
        "data_root": data_root,
        "data_prefix": {"img_path": "JPEGImages", "seg_map_path": "SegmentationClass"},
        "ann_file": "ImageSets/Segmentation/val.txt",
        "img_suffix": ".jpg",
        "seg_map_suffix": ".png",
        "pipeline": pipeline,
    }
    config = {
        "default_scope": "mmseg",
        "custom_imports": {"imports": [MODULES], "allow_failed_imports": False},
        "model": _model(build, scale),
        "test_pipeline": pipeline,
        "test_dataloader": {
            "batch_size": 1,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "dataset": dataset,
        },
        "test_evaluator": {"type": "IoUMetric", "iou_metrics": ["mIoU"]},
        "test_cfg": {"type": "TestLoop"},
    }
    with atomic_path(path) as temporary:
        temporary.write_text(Config(config).pretty_text, encoding="utf-8")


def _classes(classes: Sequence[str]) -> dict[str, Any]:
    names = class_names(classes)
    return {"classes": names, "palette": palette(len(names)).tolist()}


def _model(build: Mapping[str, Any], scale: Sequence[int]) -> dict[str, Any]:
    with torch.device("meta"):
        backbone = build_backbone(build["backbone"], build["output_stride"], pretrained=False)
    shared = {
        "num_classes": build["num_classes"],
        "norm_cfg": {"type": "BN"},
        "dropout_ratio": 0.1,
        "align_corners": False,
    }
    return {
        "type": "ScaledEncoderDecoder",
        "scale": list(scale),
        "data_preprocessor": {
            "type": "SegDataPreProcessor",
            "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
            "bgr_to_rgb": True,
            "size": [build["crop_size"]] * 2,
        },
        "backbone": {
            "type": "UrnBackbone",
            "name": build["backbone"],
            "output_stride": build["output_stride"],
        },
        "decode_head": {
            "type": "PSPHead",
            "in_channels": backbone.channels[3],
            "in_index": 3,
            "channels": build["head_channels"],
            "pool_scales": list(POOL_SCALES),
            **shared,
        },
        "auxiliary_head": {
            "type": "FCNHead",
            "in_channels": backbone.channels[2],
            "in_index": 2,
            "channels": build["auxiliary_channels"],
            "num_convs": 1,
            "concat_input": False,
            "loss_decode": {"type": "CrossEntropyLoss", "loss_weight": AUXILIARY_LOSS_WEIGHT},
            **shared,
        },
        "test_cfg": {"mode": "whole"},
    }
