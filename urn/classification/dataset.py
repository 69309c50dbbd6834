"""Images with tags, augmented as SEAM's classifier is trained."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import ColorJitter, InterpolationMode, RandomCrop
from torchvision.transforms import functional as TF

from urn.images import read_image
from urn.segmentation.backbones import IMAGENET_MEAN, IMAGENET_STD


def normalised(image: Image.Image) -> Tensor:
    """RGB image → 3×H×W float tensor, ImageNet mean and standard deviation."""
    values = TF.pil_to_tensor(image).float()
    return TF.normalize(values, list(IMAGENET_MEAN), list(IMAGENET_STD))


class TaggedImages(Dataset):
    """Images and their tags, each augmented anew: resized, flipped, jittered, cropped.

    Args:
        samples: image path and ascending class ids (≥ 1) of each image.
        num_classes: foreground classes C.
        crop: side of the square crop; smaller images are padded with the mean colour.
        long_side: smallest and largest length of the longer side after resizing.
    """

    def __init__(
        self,
        samples: Sequence[tuple[str | Path, Sequence[int]]],
        num_classes: int,
        crop: int,
        long_side: tuple[int, int],
    ) -> None:
        self.samples = list(samples)
        self.num_classes = num_classes
        self.crop, self.long_side = crop, long_side
        self.jitter = ColorJitter(0.3, 0.3, 0.3, 0.1)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """`inputs` 3×crop×crop normalised, `tags` C float (1 where present)."""
        path, labels = self.samples[position]
        image = Image.fromarray(read_image(path))
        low, high = self.long_side
        target = int(torch.randint(low, high + 1, ()).item())
        factor = target / max(image.size)
        size = [max(1, round(image.height * factor)), max(1, round(image.width * factor))]
        image = TF.resize(image, size, InterpolationMode.BICUBIC)
        if torch.rand(()) < 0.5:
            image = TF.hflip(image)
        values = normalised(self.jitter(image))
        missing = [max(0, self.crop - n) for n in values.shape[1:]]
        values = TF.pad(values, [0, 0, missing[1], missing[0]])
        top, left, height, width = RandomCrop.get_params(values, (self.crop, self.crop))
        tags = torch.zeros(self.num_classes)
        tags[[label - 1 for label in labels]] = 1
        return {"inputs": TF.crop(values, top, left, height, width), "tags": tags}
