"""A trained segmentation model, and how it looks at images."""

from typing import Any

from torch import nn

from urn.files.models import load_for_inference
from urn.segmentation.model import build_segmentor


def load_segmentor(path: str, shard: int = 0) -> Any:
    """The model in a file, see `urn.files.models.load_for_inference`."""
    return load_for_inference(
        path, lambda meta: build_segmentor(**meta["build"], pretrained=False), shard
    )


def views(job: Any, model: nn.Module) -> dict[str, Any]:
    """Arguments of `urn.segmentation.inference.predict_probabilities` that a job gives."""
    settings = job.params.settings
    return {
        "scale": tuple(job.params.resize),
        **{name: settings[name] for name in ("ratios", "window", "stride")},
        "device": next(model.parameters()).device,
    }
