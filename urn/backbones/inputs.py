"""Images as backbones take them, and augmented as classifiers and affinity networks learn them."""

from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import ColorJitter, InterpolationMode, RandomCrop
from torchvision.transforms import functional as TF

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.files.images import IGNORE

JITTER = ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1)


def normalised(image: Image.Image) -> Tensor:
    """RGB image → 3×H×W float tensor, ImageNet mean and standard deviation."""
    values = TF.pil_to_tensor(image).float()
    return TF.normalize(values, list(IMAGENET_MEAN), list(IMAGENET_STD))


class Augmented(NamedTuple):
    """A crop, and where it lies in the mask of the whole image.

    Attributes:
        inputs: 3×crop×crop, normalised.
        mask: h×w uint8, of the whole image as it was resized, flipped and padded.
        window: the rows and columns of `mask` that the crop shows.
    """

    inputs: Tensor
    mask: Tensor
    window: tuple[slice, slice]


class Augmentation:
    """Resizes, flips, jitters and crops an image, each time anew.

    Args:
        crop: side of the square crop; smaller images are padded with the mean colour.
        long_side: smallest and largest length of the longer side after resizing.
    """

    def __init__(self, crop: int, long_side: tuple[int, int]) -> None:
        self.crop, self.long_side = crop, long_side
        self.jitter = JITTER

    def __call__(self, image: np.ndarray, mask: np.ndarray | None = None) -> Augmented:
        """H×W×3 uint8 RGB and, where there is one, its H×W uint8 mask (padded with 255)."""
        picture = Image.fromarray(image)
        labels = np.full(image.shape[:2], IGNORE, np.uint8) if mask is None else mask
        layer = torch.from_numpy(labels)[None]
        low, high = self.long_side
        target = int(torch.randint(low, high + 1, ()).item())
        factor = target / max(picture.size)
        size = [max(1, round(side * factor)) for side in image.shape[:2]]
        picture = TF.resize(picture, size, InterpolationMode.BICUBIC)
        layer = TF.resize(layer, size, InterpolationMode.NEAREST)
        if torch.rand(()) < 0.5:
            picture, layer = TF.hflip(picture), TF.hflip(layer)
        values = normalised(self.jitter(picture))
        missing = [max(0, self.crop - n) for n in size]
        values = TF.pad(values, [0, 0, missing[1], missing[0]])
        layer = TF.pad(layer, [0, 0, missing[1], missing[0]], fill=IGNORE)
        top, left, height, width = RandomCrop.get_params(values, (self.crop, self.crop))
        window = (slice(top, top + height), slice(left, left + width))
        return Augmented(values[:, *window], layer[0], window)
