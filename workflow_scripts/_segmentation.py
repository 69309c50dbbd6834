"""What a segmentation model's training takes from its job."""

from functools import partial
from typing import Any

from torch import nn

from urn.datasets.index import Index
from urn.errors import UserError
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.transforms import training_pipeline
from urn.segmentation.validation import single_scale_miou


def training_set(job: Any, index: Index) -> SegmentationDataset:
    """The images of train, their masks and, where the supervision has them, weight masks."""
    images = [entry.image for entry in index.split("train")]
    weights = job.input.get("weights") or [None] * len(images)
    settings = job.params.settings
    augmentation = training_pipeline(
        settings["crop"],
        tuple(settings["resize"]),
        tuple(settings["ratios"]),
        working_size=job.params.working_size,
    )
    samples = list(zip(images, job.input.masks, weights, strict=True))
    return SegmentationDataset(samples, index.num_classes, augmentation)


def evaluation(job: Any, index: Index, model: nn.Module) -> dict[str, Any]:
    """Arguments of `urn.training.loop.train`: how often the model is scored on val, and how.

    Raises:
        UserError: it is to be scored, but no truth of val is known.
    """
    settings, every = job.params.settings, job.params.settings["evaluate_every"]
    truths = [(entry.image, entry.mask) for entry in index.split("val") if entry.mask is not None]
    if every and not truths:
        raise UserError("no val image has a mask to compare with: set evaluate_every to 0")
    score = partial(
        single_scale_miou,
        model,
        truths,
        index.num_classes,
        scale=tuple(settings["resize"]),
        unused=index.unused,
        working_size=job.params.working_size,
        **job.params.windows,
    )
    return {"evaluate": score, "evaluate_every": every}
