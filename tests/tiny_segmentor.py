"""A segmentation model of seconds for the tests: random weights, but opinions of its own."""

import json
from pathlib import Path

import torch

from urn.files.models import save_model
from urn.prediction.settings import write_settings
from urn.segmentation.model import build_segmentor

CLASSES = ["cat", "dog", "fish"]
BUILD = {"backbone": "resnet18", "num_classes": 4, "output_stride": 16, "crop_size": 64}
BUILD |= {"head_channels": 8, "auxiliary_channels": 8}
SETTINGS = {"resize": [160, 80], "ratios": [0.8, 1], "window": 64, "stride": 48}
SETTINGS |= {"minimum": 0.01, "working_size": "auto", "scales": [0.5, 2], "crf_backend": "numba"}


def write_model(folder: Path, seed: int = 0) -> Path:
    """Write model.pth and model.json into a folder."""
    torch.manual_seed(seed)
    model = build_segmentor(**BUILD, pretrained=False).eval()
    torch.nn.init.normal_(model.decode_head.conv_seg.weight, std=3)
    save_model(model, folder / "model.pth", {"build": BUILD, "classes": CLASSES})
    write_settings(folder / "model.json", SETTINGS)
    return folder / "model.pth"


def with_settings(path: Path, **changes: object) -> None:
    """Change values in a model.json."""
    content = json.loads(path.read_text())
    content["prediction"] |= changes
    path.write_text(json.dumps(content))
