"""Images with tags, augmented as SEAM's classifier is trained."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from urn.images import read_image
from urn.inputs import Augmentation


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
        self.augmentation = Augmentation(crop, long_side)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """`inputs` 3×crop×crop normalised, `tags` C float (1 where present)."""
        path, labels = self.samples[position]
        tags = torch.zeros(self.num_classes)
        tags[[label - 1 for label in labels]] = 1
        return {"inputs": self.augmentation(read_image(path)).inputs, "tags": tags}
