"""A trained segmentation model, and how it looks at images."""

from typing import Any

import numpy as np

from urn.datasets.index import Entry, Index
from urn.files.images import IGNORE, read_mask
from urn.files.models import load_for_inference
from urn.segmentation.channels import given_labels, select_channels
from urn.segmentation.inference import Views
from urn.segmentation.model import build_segmentor


def built(meta: dict[str, Any]) -> Any:
    """The network that a model file's `meta` describes, its weights still to be loaded."""
    return build_segmentor(**meta["build"], pretrained=False)


def load_segmentor(path: str) -> Any:
    """The model in a file, see `urn.files.models.load_for_inference`."""
    return load_for_inference(path, built)


def views(job: Any) -> Views:
    """How a job's settings say to look at an image."""
    settings = job.params.settings
    return Views(
        ratios=settings["ratios"],
        scale=tuple(job.params.resize),
        window=settings["window"],
        stride=settings["stride"],
    )


def kept(
    job: Any, index: Index, entry: Entry, response: np.ndarray, labels: str
) -> tuple[np.ndarray, np.ndarray]:
    """The labels and channels that a response keeps, by a choice of `uncertainty.labels`."""
    match labels:
        case "tags":
            return given_labels(response, index.tag_ids(entry))
        case "pseudo_mask":
            named = (path for path in job.input.masks if path.endswith(f"/{entry.id}.png"))
            mask = read_mask(min(named, key=len))  # longer ones lie in a folder that the id lacks
            return given_labels(response, set(np.unique(mask).tolist()) - {IGNORE})
        case _:
            return select_channels(response, job.params.settings["minimum"])
