"""What a segmentation model's training takes from its job."""

from functools import partial
from typing import Any

from torch import nn

from urn.corrections.apply import correction_of
from urn.datasets.index import Index
from urn.errors import UserError
from urn.segmentation.dataset import Sample, SegmentationDataset
from urn.segmentation.transforms import training_pipeline
from urn.segmentation.validation import single_scale_miou


def training_set(job: Any, index: Index) -> SegmentationDataset:
    """The images of train that nobody rejected: their masks, weight masks if any, corrections."""
    entries, rejected = index.split("train"), set(job.params.rejected)
    weights = job.input.get("weights") or [None] * len(entries)
    (drawn,) = job.input.get("corrections") or [None]
    settings = job.params.settings
    augmentation = training_pipeline(
        settings["crop"],
        tuple(settings["resize"]),
        tuple(settings["ratios"]),
        working_size=job.params.working_size,
    )
    samples = [
        Sample(entry.image, mask, weight, correction_of(drawn, entry.id))
        for entry, mask, weight in zip(entries, job.input.masks, weights, strict=True)
        if entry.id not in rejected
    ]
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
