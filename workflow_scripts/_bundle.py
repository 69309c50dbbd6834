"""The images with which a bundle is checked, and the scores that its model card tells."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from urn.datasets.index import Index
from urn.evaluation import ConfusionMatrix
from urn.export.model_card import Measured
from urn.export.onnx import IMAGES_CHECKED, Agreement, check_onnx
from urn.files.images import read_image
from urn.progress import progress
from urn.working_size import WorkingSize, enlarge_labels

from _truths import each_compared, known


def checked(
    onnx: Path, model: Any, scale: tuple[int, int], index: Index, working_size: WorkingSize
) -> tuple[Agreement, dict[str, np.ndarray]]:
    """How an ONNX file agrees with its model on a few images, and its labels of these by id.

    They are evenly drawn from val; from train where there is no val.
    """
    entries = index.split("val") or index.split("train")
    chosen = entries[:: -(-len(entries) // IMAGES_CHECKED)]
    found: list[np.ndarray] = []
    images = (
        read_image(entry.image, working_size)
        for entry in progress(chosen, "checking the ONNX file", len(chosen))
    )
    agreement = check_onnx(onnx, model, scale, images, found.append)
    return agreement, dict(zip([entry.id for entry in chosen], found, strict=True))


def measured_on_val(
    index: Index, masks: Sequence[str], labels: dict[str, np.ndarray]
) -> Measured | None:
    """The scores of a model's masks of val; None where there are none with a truth.

    Args:
        index: of the dataset.
        masks: of all images of val.
        labels: of some images by id, for comparison.
    """
    if not masks:
        return None
    whole, compared, single = (ConfusionMatrix(index.num_classes, index.unused) for _ in range(3))
    images = 0
    for image in each_compared(index, "val", masks, description="scores"):
        whole.add(image.made[0], image.truth)
        if image.entry.id in labels:
            compared.add(image.made[0], image.truth)
            single.add(enlarge_labels(labels[image.entry.id], image.truth.shape), image.truth)
            images += 1
    return Measured(whole, len(known(index, "val")), compared, single, images)
