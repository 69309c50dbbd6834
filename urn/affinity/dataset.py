"""Images with confident labels, augmented as AffinityNet is trained."""

from collections.abc import Sequence
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from urn.affinity.network import GRID
from urn.backbones.inputs import Augmentation
from urn.files.images import read_image, read_made
from urn.working_size import WorkingSize, nearest


class LabelledImages(Dataset):
    """Images and their masks, 255 where no label is confident; each pair augmented anew.

    Args:
        samples: image and mask path of each image.
        crop: side of the square crop, a multiple of 8; smaller images are padded.
        long_side: smallest and largest length of the longer side after resizing.
        working_size: larger images are shrunk to it first.
    """

    def __init__(
        self,
        samples: Sequence[tuple[str | Path, str | Path]],
        crop: int,
        long_side: tuple[int, int],
        working_size: WorkingSize = "original",
    ) -> None:
        self.samples, self.working_size = list(samples), working_size
        self.augmentation = Augmentation(crop, long_side)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        """`inputs` 3×crop×crop normalised, `labels` crop/8×crop/8 int64."""
        path, mask = self.samples[position]
        image = read_image(path, self.working_size)
        drawn = self.augmentation(image, nearest(read_made(mask), image.shape[:2]))
        return {"inputs": drawn.inputs, "labels": cell_labels(drawn.mask[drawn.window])}


def cell_labels(mask: Tensor) -> Tensor:
    """The label, 255 included, that most pixels of every 8×8 cell have; ties go to the lower.

    H×W uint8, H and W multiples of 8 → H/8×W/8 int64.
    """
    present = mask.unique().long()
    layers = (mask == present[:, None, None]).float()
    return present[F.avg_pool2d(layers, GRID).argmax(0)]
