"""A trained segmentation model, and how it looks at images."""

from typing import Any

from urn.files.models import load_for_inference
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
