"""A trained model as one zip file: ONNX, weights, what they were made from, and how to use them."""

import hashlib
import json
import platform
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import urn
from urn.files.atomic import atomic_path
from urn.files.images import palette

ONNX, WEIGHTS, FACTS, CARD, EXAMPLE = (
    *("model.onnx", "model.pth", "model.json", "README.md", "example.py"),
)
PACKAGES = ("torch", "onnx", "timm", "onedl-mmsegmentation", "numpy", "pillow")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file knows


def write_bundle(
    path: str | Path, onnx: Path, weights: Path, card: str, facts: Mapping[str, Any]
) -> None:
    """Write the zip file, whole or not at all; equal contents give equal files.

    It holds `model.onnx`, `model.pth`, `README.md` (the model card), `example.py`, and
    `model.json`: `facts`, with the SHA-256 of each other file.

    Args:
        path: the file.
        onnx: file of `urn.export.onnx.write_onnx`.
        weights: file of `urn.files.models.save_model`.
        card: of `urn.export.model_card.model_card`.
        facts: of `facts_of`.
    """
    contents = {
        ONNX: onnx.read_bytes(),
        WEIGHTS: weights.read_bytes(),
        CARD: card.encode(),
        EXAMPLE: Path(__file__).with_name(EXAMPLE).read_bytes(),
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    text = json.dumps({**facts, "sha256": sums}, indent=2, ensure_ascii=False)
    contents[FACTS] = f"{text}\n".encode()
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as file:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, content, zipfile.ZIP_DEFLATED, 1)


def facts_of(classes: list[str], **further: Any) -> dict[str, Any]:
    """What `model.json` tells.

    Args:
        classes: names by class id, the background's first; "" for an id without a class.
        further: plain values by name.
    """
    return {
        "classes": classes,
        "palette": palette(len(classes)).tolist(),
        **further,
        "versions": {
            "urn": urn.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }
