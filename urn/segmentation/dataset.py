"""The training samples of a segmentation model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.dataset import BaseDataset


class Sample(NamedTuple):
    """The files of an image, its mask and, where there are any, its weight mask and correction."""

    image: str | Path
    mask: str | Path
    weight: str | Path | None = None
    correction: str | Path | None = None


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
                "correction_path": correction,
                "num_classes": self._num_classes,
            }
            for image, mask, weight, correction in (Sample(*files) for files in self._samples)
        ]
