"""Images with tags, augmented as for SEAM's classifier."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import functional as TF

from urn.backbones.inputs import JITTER, Augmentation, normalised
from urn.classification.scales import factors
from urn.files.images import read_image, read_made
from urn.windows import Window, zoomed_windows
from urn.working_size import WorkingSize, nearest

T = TypeVar("T")


class TaggedImages(Dataset):
    """Images and their tags, augmented: resized, flipped, colour-jittered, cropped.

    Args:
        samples: image path and ascending class ids (≥ 1) of each image.
        num_classes: foreground classes C.
        crop: side of the square crop; smaller images are padded with the mean colour.
        long_side: smallest and largest length of the longer side after resizing.
        working_size: larger images are shrunk to it first.
        rough_masks: path of each image's confident pixels (see `urn.refinement.confident_mask`),
            which decide the tags that a crop keeps; by default it keeps all of its image's.
        least_share: see `tags_of_crop`.
    """

    def __init__(
        self,
        samples: Sequence[tuple[str | Path, Sequence[int]]],
        num_classes: int,
        crop: int,
        long_side: tuple[int, int],
        working_size: WorkingSize = "original",
        rough_masks: Sequence[str | Path] | None = None,
        least_share: float = 0.1,
    ) -> None:
        self.samples, self.working_size = list(samples), working_size
        self.rough_masks, self.least_share = rough_masks, least_share
        self.num_classes = num_classes
        self.augmentation = Augmentation(crop, long_side)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """`inputs` 3×crop×crop normalised, `tags` C float (1 where present)."""
        path, labels = self.samples[position]
        image = read_image(path, self.working_size)
        if self.rough_masks is None:
            inputs = self.augmentation(image).inputs
        else:
            mask = read_made(self.rough_masks[position])
            drawn = self.augmentation(image, nearest(mask, image.shape[:2]))
            inputs = drawn.inputs
            labels = tags_of_crop(drawn.mask, drawn.window, labels, self.least_share)
        return {"inputs": inputs, "tags": tag_vector(labels, self.num_classes)}


class TaggedWindows(Dataset):
    """Windows of the grid of multi-crop inference, as PMM trains its second classifier on them.

    A window of the grid at one of the scales is drawn anew until it keeps a tag, but at most as
    often as the grid has windows. It is flipped, colour-jittered and resized.

    Args:
        samples: image path and ascending class ids (≥ 1) of each image.
        num_classes: foreground classes C.
        crop: side of the square to which a window is resized.
        rough_masks: path of each image's confident pixels (see `urn.refinement.confident_mask`).
        least_share: see `tags_of_crop`.
        scales, window, stride: of the grid, see `urn.windows.zoomed_windows`.
        cam_size: pixels of an image's longer side at scale 1; None: those that it has.
        working_size: larger images are shrunk to it first.
    """

    def __init__(
        self,
        samples: Sequence[tuple[str | Path, Sequence[int]]],
        num_classes: int,
        crop: int,
        rough_masks: Sequence[str | Path],
        least_share: float,
        scales: Sequence[float],
        window: int,
        stride: int,
        cam_size: int | None = None,
        working_size: WorkingSize = "original",
    ) -> None:
        self.samples, self.working_size = list(samples), working_size
        self.rough_masks, self.least_share = rough_masks, least_share
        self.num_classes, self.crop = num_classes, crop
        self.scales, self.window, self.stride = scales, window, stride
        self.cam_size = cam_size
        self.jitter = JITTER

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """`inputs` 3×crop×crop normalised, `tags` C float (1 where kept, possibly nowhere)."""
        path, labels = self.samples[position]
        image = read_image(path, self.working_size)
        mask = torch.from_numpy(nearest(read_made(self.rough_masks[position]), image.shape[:2]))
        (rows, columns), kept = self._draw(mask, labels)
        picture = Image.fromarray(image[rows, columns])
        if torch.rand(()) < 0.5:
            picture = TF.hflip(picture)
        size = (self.crop, self.crop)
        picture = self.jitter(picture).resize(size, Image.Resampling.BILINEAR)
        return {"inputs": normalised(picture), "tags": tag_vector(kept, self.num_classes)}

    def _draw(self, mask: Tensor, labels: Sequence[int]) -> tuple[Window, list[int]]:
        """A window of an image with these tags, and those it keeps."""
        height, width = mask.shape
        scale = _drawn(factors(self.scales, self.cam_size, (height, width)))
        windows = zoomed_windows((height, width), scale, self.window, self.stride)
        for _ in windows:
            window = _drawn(windows)
            kept = tags_of_crop(mask, window, labels, self.least_share)
            if kept:
                break
        return window, kept


def _drawn(choices: Sequence[T]) -> T:
    return choices[int(torch.randint(len(choices), ()))]


def tag_vector(labels: Sequence[int], num_classes: int) -> Tensor:
    """Class ids (≥ 1) → C float, 1 where a class is present."""
    tags = torch.zeros(num_classes)
    tags[[label - 1 for label in labels]] = 1
    return tags


def tags_of_crop(
    mask: Tensor, window: Window, labels: Sequence[int], least_share: float
) -> list[int]:
    """The tags that a crop keeps (PMM's multi-crop training, Li et al. 2021).

    A tag is kept if the crop holds more than `least_share` of its class's confident pixels, or if
    these fill more than `least_share` of the crop.

    Args:
        mask: h×w uint8, the class of confident pixels, 255 elsewhere.
        window: the crop's rows and columns.
        labels: class ids of the image's tags.
        least_share: in [0, 1].
    """
    crop = mask[window]
    everywhere = mask.flatten().bincount(minlength=256).tolist()
    inside = crop.flatten().bincount(minlength=256).tolist()
    return [
        label
        for label in labels
        if inside[label] > least_share * min(everywhere[label], crop.numel())
    ]
