"""The model card: a README in Hugging Face's format that says what was measured, and what not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from urn.datasets.index import Index
from urn.errors import in_thousands
from urn.evaluation import ConfusionMatrix
from urn.export.onnx import LEAST_SIDE, OPSET, Agreement

LISTED = 3  # classes and confusions under "Where it failed"


@dataclass(frozen=True)
class Measured:
    """Scores on val.

    Attributes:
        matrix: of the run's predictions.
        images: whose truth is known.
        compared: of the run's predictions of the images that the ONNX file was run on.
        single_pass: of the ONNX file's labels of these.
        images_compared: number of these.
    """

    matrix: ConfusionMatrix
    images: int
    compared: ConfusionMatrix
    single_pass: ConfusionMatrix
    images_compared: int


def scores_of(classes: list[str], measured: Measured | None) -> dict[str, Any] | None:
    """For `model.json`: mIoU and IoU by class in per cent, and on how many images of val."""
    if measured is None:
        return None
    iou = {
        name: round(100 * float(value), 2)
        for name, value in zip(classes, measured.matrix.iou(), strict=True)
        if name and np.isfinite(value)
    }
    return {
        "miou": _percent(measured.matrix),
        "iou": iou,
        "images": measured.images,
        "onnx": {
            "miou": _percent(measured.single_pass),
            "miou_of_run": _percent(measured.compared),
            "images": measured.images_compared,
        },
    }


def _percent(matrix: ConfusionMatrix) -> float:
    return round(100 * matrix.miou, 2)


def model_card(
    name: str,
    index: Index,
    measured: Measured | None,
    agreement: Agreement,
    facts: Mapping[str, Any],
) -> str:
    """The card.

    Args:
        name: of the model, such as "shapes resnet18 urn".
        index: the data that it was trained on.
        measured: None where no truth is known.
        agreement: of the ONNX file with the model.
        facts: what `model.json` tells (see `urn.export.bundle.facts_of`), with `dataset`,
            `training`, `prediction`, `seed` and `scores`.
    """
    parts = [
        _front_matter(name, facts),
        f"# {name}",
        "A segmentation model that was trained on images with nothing but image-level tags, by "
        "[URN](https://arxiv.org/abs/2112.07431) (uncertainty estimation via response scaling).",
        *_use(agreement, facts),
        *_data(index),
        *_scores(measured, facts),
        *_limits(measured, facts),
        *_training(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(name: str, facts: Mapping[str, Any]) -> str:
    values: dict[str, Any] = {
        "library_name": "onnx",
        "pipeline_tag": "image-segmentation",
        "tags": ["semantic-segmentation", "weakly-supervised", "image-level-tags", "onnx", "urn"],
    }
    if scores := facts["scores"]:
        result = {
            "task": {"type": "image-segmentation", "name": "Semantic segmentation"},
            "dataset": {"name": facts["dataset"], "type": facts["dataset"], "split": "val"},
            "metrics": [{"type": "mean_iou", "name": "mIoU (%)", "value": scores["miou"]}],
        }
        values["model-index"] = [{"name": name, "results": [result]}]
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return f"---\n{text}---"


def _use(agreement: Agreement, facts: Mapping[str, Any]) -> list[str]:
    long, short = max(facts["prediction"]["resize"]), min(facts["prediction"]["resize"])
    return [
        "## Use",
        "`python example.py photo.jpg` needs onnxruntime, Pillow and numpy. `model.onnx` (opset "
        f"{OPSET}) takes `image`, H×W×3 uint8 RGB of any size, upright, and gives `logits` (C×H×W "
        "float32) and `labels` (H×W uint8, places in the list `classes` of `model.json`). Pixels "
        "are normalised and resized inside.",
        f"It makes a single pass over the whole image, resized to fit {long}×{short} pixels: no "
        "other sizes, no mirror image, no sliding window, no dense CRF. The run's own predictions, "
        "whose scores are below, use all of these as its `model.json` says under `prediction`; "
        "`urn.load` and `python -m urn predict` repeat them from `model.pth`.",
        f"On {agreement.images} images and parts of images ({in_thousands(agreement.pixels)} "
        f"pixels) its labels were PyTorch's on {_floor(100 * agreement.equal)} % of the pixels; "
        f"probabilities differed by at most {agreement.largest_difference:.1e}. Images whose "
        f"shorter side is below {LEAST_SIDE} pixels after resizing were not tried.",
    ]


def _data(index: Index) -> list[str]:
    train, val = index.split("train"), index.split("val")
    tags = Counter(tag for entry in train for tag in entry.tags)
    rows = [(name, str(tags[name])) for name in index.classes if name]
    return [
        "## Data",
        f"Trained on {len(train)} images, each with its tags and no mask drawn by hand; {len(val)} "
        "images of val were not trained on.",
        _table(("tag", "images of train"), rows),
    ]


def _scores(measured: Measured | None, facts: Mapping[str, Any]) -> list[str]:
    if measured is None:
        return ["## Scores", "None: no true masks of val were given."]
    iou, single = facts["scores"]["iou"], facts["scores"]["onnx"]
    rows = [
        (name or "", f"{iou[name]:.2f}" if name in iou else "not met")
        for name in facts["classes"]
        if name
    ]
    return [
        "## Scores",
        f"Of the run's predictions on {measured.images} images of val, in %.",
        _table(("class", "IoU"), [*rows, ("**mean**", f"**{facts['scores']['miou']:.2f}**")]),
        f"On {single['images']} of these images, the single pass of `model.onnx` has a mean IoU of "
        f"{single['miou']:.2f}, the run's predictions {single['miou_of_run']:.2f}.",
    ]


def _limits(measured: Measured | None, facts: Mapping[str, Any]) -> list[str]:
    lines = ["## Limits"]
    if measured is not None:
        worst = sorted(facts["scores"]["iou"].items(), key=lambda item: item[1])[:LISTED]
        named = ", ".join(f"{name} ({value:.1f} %)" for name, value in worst)
        lines.append(f"Where it failed: the lowest IoU have {named}.")
        if found := _confusions(measured.matrix, facts["classes"]):
            lines.append("\n".join(["Most pixels were lost to:", "", *found]))
    lines.append(
        "Every pixel gets one of the classes above, whatever the image shows. The masks it learnt "
        "from were made of tags by a model, so that objects which always appear together, or with "
        "the same background, may be taken for one another. It was measured on no other data. Who "
        "may use the weights depends on the licences of the images and of the ImageNet weights."
    )
    return lines


def _confusions(matrix: ConfusionMatrix, classes: list[str]) -> list[str]:
    """The largest shares of a class's true pixels that were given to another class."""
    counts = matrix.counts.astype(float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    np.fill_diagonal(shares, 0)
    places = np.argsort(-shares, axis=None, kind="stable")[:LISTED]
    pairs = [np.unravel_index(place, shares.shape) for place in places]
    return [
        f"- {100 * shares[true, found]:.1f} % of {classes[true]} taken for {classes[found]}"
        for true, found in pairs
        if shares[true, found] > 0
    ]


def _training(facts: Mapping[str, Any]) -> list[str]:
    training = facts["training"]
    settings = [(name, str(value)) for name, value in sorted(training["settings"].items())]
    first = [(name, str(training[name])) for name in ("backbone", "supervision", "loss")]
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return [
        "## Training",
        _table(("", "value"), [*first, ("seed", str(facts["seed"])), *settings]),
        f"Made with {versions}.",
    ]


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *((_cell(a), _cell(b)) for a, b in rows)]
    return "\n".join(f"| {a} | {b} |" for a, b in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _floor(value: float) -> str:
    """With three digits, never rounded up."""
    return f"{int(value * 1000) / 1000:.3f}"
