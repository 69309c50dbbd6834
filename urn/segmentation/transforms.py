"""From the files of a training sample to the tensors of a batch.

Mask and weight mask are both in mmseg's `seg_fields`: every geometric transform applies to both,
with nearest-neighbour resizing, so that neither is ever blended.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import RandomResize
from mmcv.transforms.base import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from torch.nn import functional as F

from urn.corrections.apply import corrected, trusted
from urn.errors import UserError
from urn.files.images import IGNORE, image_size, read_image, read_made
from urn.mmsegmentation import (
    PackSegInputs,
    PhotoMetricDistortion,
    RandomCrop,
    RandomFlip,
    Resize,
    SegDataPreProcessor,
)
from urn.working_size import WorkingSize, nearest


class LoadSample(BaseTransform):
    """Reads the RGB image, the mask and, if there is one, the weight mask of a sample.

    A correction is laid over both, with full weight. Images above the working size are shrunk to it
    together with their masks.
    """

    def __init__(self, working_size: WorkingSize = "original") -> None:
        self.working_size = working_size

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read `img_path`, `mask_path` and, where given, `weight_path` and `correction_path`.

        Raises:
            UserError: a file cannot be read, differs in size from its image, or the mask holds an
                id that is no class.
        """
        image = read_image(results["img_path"], self.working_size)
        shape = image.shape[:2]
        mask, weight, correction = (
            _values(results.get(f"{kind}_path"), results["img_path"], shape)
            for kind in ("mask", "weight", "correction")
        )
        highest = mask[mask != IGNORE].max(initial=0)
        if highest >= results["num_classes"]:
            raise UserError(
                f"mask {results['mask_path']} holds id {highest} but there are only "
                f"{results['num_classes']} classes: correct the mask or the list of classes"
            )
        if correction is not None:
            mask = corrected(mask, correction)
            weight = None if weight is None else trusted(weight, correction)
        maps = {"gt_seg_map": mask} | ({} if weight is None else {"gt_weight_map": weight})
        sizes = {"img_shape": shape, "ori_shape": shape}
        return results | {"img": image, **sizes, **maps, "seg_fields": list(maps)}


def _values(path: str | Path | None, image: str | Path, shape: tuple[int, int]) -> Any:
    """A mask in a file, at the working size of its image; None without a file.

    Raises:
        UserError: it cannot be read, or differs in size from its image.
    """
    if path is None:
        return None
    values = read_made(path)
    if values.shape != shape and values.shape != (size := image_size(image)):
        raise UserError(
            f"{path} is {_size(values.shape)} but its image {image} is {_size(size)}: "
            "make it again from that image"
        )
    return nearest(values, shape)


class BalancedCrop(RandomCrop):
    """mmseg's RandomCrop, the same crops from the same random numbers, with a faster count."""

    TRIES = 10

    @cache_randomness
    def crop_bbox(self, results: dict[str, Any]) -> tuple[int, int, int, int]:
        """Top, bottom, left and right of the first crop in which no class fills too much.

        The one after `TRIES` crops is taken as it is.
        """
        margins = np.maximum(np.subtract(results["img"].shape[:2], self.crop_size), 0)
        for attempt in range(self.TRIES + 1):
            top, left = (np.random.randint(0, margin + 1) for margin in margins)
            box = (top, top + self.crop_size[0], left, left + self.crop_size[1])
            if attempt == self.TRIES or self._balanced(self.crop(results["gt_seg_map"], box)):
                break
        return box

    def _balanced(self, mask: np.ndarray) -> bool:
        pixels = np.bincount(mask.ravel(), minlength=IGNORE + 1)[:IGNORE]
        return bool((pixels > 0).sum() > 1 and pixels.max() / pixels.sum() < self.cat_max_ratio)


class PackSample(PackSegInputs):
    """Packs image, mask and weight mask; the sample's `gt_weight` is 1×H×W float in [0, 1]."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """The model's input: a dict of `inputs` (3×H×W uint8) and `data_samples`."""
        packed = super().transform(results)
        if "gt_weight_map" in results:
            weight = torch.from_numpy(results["gt_weight_map"].astype(np.float32) / 255)
            packed["data_samples"].gt_weight = PixelData(data=weight[None])
        return packed


@MODELS.register_module()
class SegmentationPreprocessor(SegDataPreProcessor):
    """Normalises RGB images and pads to the crop: image 0 (the mean colour), mask 255, weight 0."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """A batch of `inputs` (N×3×H×W float) and `data_samples`, with all maps of one size."""
        data = super().forward(data, training)
        for sample in data["data_samples"] if training else []:
            if "gt_weight" in sample:
                padded = F.pad(sample.gt_weight.data, sample.padding_size)
                sample.gt_weight = PixelData(data=padded)
        return data


def training_pipeline(
    crop_size: int = 512,
    scale: tuple[int, int] = (2048, 512),
    ratio_range: tuple[float, float] = (0.5, 2.0),
    cat_max_ratio: float = 0.75,
    working_size: WorkingSize = "original",
) -> list[BaseTransform]:
    """The published augmentation of a training sample.

    An image larger than the working size is shrunk to it. It is then resized to fit `scale` (long
    side, short side) times a random ratio, keeping its aspect; cropped so that no class fills more
    than `cat_max_ratio` of the crop (ten tries); flipped with probability 0.5; and distorted in
    colour. Samples may be smaller than the crop; `SegmentationPreprocessor` pads them.
    """
    return [
        LoadSample(working_size),
        RandomResize(scale, ratio_range, resize_type=Resize, keep_ratio=True),
        BalancedCrop((crop_size, crop_size), cat_max_ratio=cat_max_ratio),
        RandomFlip(0.5),
        # It assumes BGR. On RGB its hue shifts change sign, and they are drawn symmetrically.
        PhotoMetricDistortion(),
        PackSample(),
    ]


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}×{shape[0]}"
