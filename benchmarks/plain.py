"""Plain mmsegmentation: its model, data pipeline, runner and test-time augmentation.

The network is the same as ours (a backbone of `urn.backbones`, PSPNet's head, an FCN auxiliary
head), with parameters of the same names; all else is as mmsegmentation's own configurations
(`pspnet_r50-d8_4xb4-20k_voc12aug-512x512`, `default_runtime.py`) have it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD, build_backbone
from urn.mmsegmentation import EncoderDecoder  # first, for mmsegmentation's warnings
from urn.segmentation.inference import PUBLISHED, Views
from urn.segmentation.model import AUXILIARY_LOSS_WEIGHT

from mmseg.datasets import PascalVOCDataset  # isort: skip
from mmseg.models import SegTTAModel  # isort: skip

SCOPE = "mmseg"
init_default_scope(SCOPE)


def plain_segmentor(
    backbone: str,
    num_classes: int,
    *,
    crop_size: int = 512,
    head_channels: int = 512,
    auxiliary_channels: int = 256,
    views: Views = PUBLISHED,
) -> EncoderDecoder:
    """Build mmsegmentation's own model on a backbone with random weights."""
    encoder = build_backbone(backbone, pretrained=False)
    shared = {
        "num_classes": num_classes,
        "norm_cfg": {"type": "BN"},
        "dropout_ratio": 0.1,
        "align_corners": False,
    }
    return EncoderDecoder(
        backbone={"type": lambda: encoder},
        decode_head={
            "type": "PSPHead",
            "in_channels": encoder.channels[3],
            "in_index": 3,
            "channels": head_channels,
            "pool_scales": (1, 2, 3, 6),
            "loss_decode": {"type": "CrossEntropyLoss", "loss_weight": 1.0},
            **shared,
        },
        auxiliary_head={
            "type": "FCNHead",
            "in_channels": encoder.channels[2],
            "in_index": 2,
            "channels": auxiliary_channels,
            "num_convs": 1,
            "concat_input": False,
            "loss_decode": {"type": "CrossEntropyLoss", "loss_weight": AUXILIARY_LOSS_WEIGHT},
            **shared,
        },
        data_preprocessor={
            "type": "SegDataPreProcessor",
            "mean": IMAGENET_MEAN,
            "std": IMAGENET_STD,
            "bgr_to_rgb": True,
            "size": (crop_size, crop_size),
        },
        test_cfg=ConfigDict(
            mode="slide",
            crop_size=(views.window, views.window),
            stride=(views.stride, views.stride),
        ),
    )


def plain_dataset(folder: Path, ids: Path, crop_size: int = 512) -> PascalVOCDataset:
    """mmsegmentation's training set of a folder in VOC's layout, for the images listed in `ids`."""
    return PascalVOCDataset(
        ann_file=str(ids.resolve()),
        data_root=str(folder),
        data_prefix={"img_path": "JPEGImages", "seg_map_path": "SegmentationClass"},
        pipeline=[
            {"type": "LoadImageFromFile"},
            {"type": "LoadAnnotations"},
            {
                "type": "RandomResize",
                "scale": (4 * crop_size, crop_size),
                "ratio_range": (0.5, 2.0),
                "keep_ratio": True,
            },
            {"type": "RandomCrop", "crop_size": (crop_size, crop_size), "cat_max_ratio": 0.75},
            {"type": "RandomFlip", "prob": 0.5},
            {"type": "PhotoMetricDistortion"},
            {"type": "PackSegInputs"},
        ],
    )


def plain_training(
    model: EncoderDecoder,
    dataset: PascalVOCDataset,
    *,
    iterations: int,
    batch_size: int,
    learning_rate: float,
    workers: int,
    precision: str,
    work_dir: Path,
) -> None:
    """Train by mmsegmentation's runner; mixed precision is for GPUs only."""
    model._is_init = True  # keep the weights
    mixed = {"type": "AmpOptimWrapper", "dtype": precision}
    Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader={
            "batch_size": batch_size,
            "num_workers": workers,
            "persistent_workers": workers > 0,
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "dataset": dataset,
        },
        train_cfg={"type": "IterBasedTrainLoop", "max_iters": iterations},
        optim_wrapper={
            **({"type": "OptimWrapper"} if precision == "float32" else mixed),
            "optimizer": {
                "type": "SGD",
                "lr": learning_rate,
                "momentum": 0.9,
                "weight_decay": 0.0005,
            },
        },
        param_scheduler={
            "type": "PolyLR",
            "eta_min": 1e-4,
            "power": 0.9,
            "end": iterations,
            "by_epoch": False,
        },
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": 50, "log_metric_by_epoch": False},
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": iterations},
        },
        env_cfg={"cudnn_benchmark": True, "dist_cfg": {"backend": "nccl"}},
        log_processor={"by_epoch": False},
        log_level="ERROR",
        randomness={"seed": 0},
        default_scope=SCOPE,
        experiment_name=work_dir.name,
    ).train()


def plain_prediction(
    model: EncoderDecoder, views: Views = PUBLISHED
) -> Callable[[Path], np.ndarray]:
    """The function from an image file to its H×W class ids, by test-time augmentation."""
    pipeline = Compose(
        [
            {"type": "LoadImageFromFile"},
            {
                "type": "TestTimeAug",
                "transforms": [
                    [
                        {"type": "Resize", "scale_factor": ratio, "keep_ratio": True}
                        for ratio in views.ratios
                    ],
                    [
                        {"type": "RandomFlip", "prob": probability, "direction": "horizontal"}
                        for probability in ([0.0, 1.0] if views.flip else [0.0])
                    ],
                    [{"type": "PackSegInputs"}],
                ],
            },
        ]
    )
    averaged = SegTTAModel(module=model).eval()

    def predict(path: Path) -> np.ndarray:
        views_of_one: dict[str, Any] = pipeline({"img_path": str(path), "reduce_zero_label": False})
        batch = {name: [[value] for value in values] for name, values in views_of_one.items()}
        with torch.no_grad():
            (sample,) = averaged.test_step(batch)
        return sample.pred_sem_seg.data.cpu().numpy()

    return predict
