"""The training samples of a segmentation model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset

# An image, its mask and, if there is one, its weight mask.
Sample = tuple[str | Path, str | Path, str | Path | None]


class SegmentationDataset(BaseDataset):
    """Samples given as paths, read and augmented by `pipeline` (`transforms.training_pipeline`)."""

    def __init__(
        self, samples: Sequence[Sample], num_classes: int, pipeline: Sequence[Callable]
    ) -> None:
        self._samples, self._num_classes = samples, num_classes
        super().__init__(pipeline=list(pipeline))

    def load_data_list(self) -> list[dict[str, Any]]:
        """One record per sample, in mmengine's format."""
        return [
            {
                "img_path": image,
                "mask_path": mask,
                "weight_path": weight,
                "num_classes": self._num_classes,
            }
            for image, mask, weight in self._samples
        ]
