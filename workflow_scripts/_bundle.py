"""The images with which a bundle is checked, and the scores that its model card tells."""

from collections.abc import Iterator, Sequence

import numpy as np

from urn.datasets.index import Index
from urn.evaluation import ConfusionMatrix
from urn.export.model_card import Measured
from urn.export.onnx import IMAGES_CHECKED
from urn.files.images import read_image
from urn.progress import progress
from urn.working_size import WorkingSize

from _truths import each_compared, known


def checked_images(index: Index, working_size: WorkingSize) -> Iterator[np.ndarray]:
    """A few images, evenly drawn from val, or from train where there is no val."""
    entries = index.split("val") or index.split("train")
    chosen = entries[:: -(-len(entries) // IMAGES_CHECKED)]
    for entry in progress(chosen, "checking the ONNX file", len(chosen)):
        yield read_image(entry.image, working_size)


def measured_on_val(index: Index, masks: Sequence[str]) -> Measured | None:
    """The scores of a model's masks of val; None where there are none with a truth."""
    if not masks:
        return None
    matrix = ConfusionMatrix(index.num_classes, index.unused)
    for image in each_compared(index, "val", masks, description="scores"):
        matrix.add(image.made[0], image.truth)
    return Measured(matrix, len(known(index, "val")))
