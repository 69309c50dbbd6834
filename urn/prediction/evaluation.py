"""How good a model's masks of images are, where the truth is known."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from urn.datasets.validation import mask_faults
from urn.errors import UserError, raise_faults
from urn.evaluation import ConfusionMatrix
from urn.files.atomic import atomic_path
from urn.files.images import image_size, read_made, read_mask
from urn.prediction.batch import Predicted
from urn.prediction.outputs import Outputs
from urn.prediction.sources import Source
from urn.progress import progress
from urn.report.scores import class_iou


def find_truths(sources: Sequence[Source], masks: Path, classes: Sequence[str]) -> dict[str, Path]:
    """The true mask of every image, by the image: <its name>.png in the folder `masks`.

    Raises:
        UserError: with a sentence for every mask that is missing, or does not fit its image or the
            classes.
    """
    truths, faults = {}, []
    for source in progress(sources, "checking masks", len(sources)):
        truths[source.image] = masks / f"{source.name}.png"
        try:
            size = image_size(source.path)
        except UserError:
            continue  # told when the image is predicted
        faults += mask_faults(truths[source.image], size, len(classes) - 1)
    raise_faults(f"{masks}", faults)
    return truths


def compare(
    predicted: Predicted, sources: Sequence[Source], outputs: Outputs, truths: Mapping[str, Path]
) -> ConfusionMatrix:
    """Count the pixels of the masks that were made by true and predicted class."""
    classes = predicted.classes
    unused = [class_id for class_id, name in enumerate(classes) if not name]
    matrix = ConfusionMatrix(len(classes), unused)
    failed = {row.image for row in predicted.rows if row.fault}
    for source in sources:
        if source.image not in failed:
            truth = read_mask(truths[source.image])
            matrix.add(read_made(outputs.path("masks", source), truth.shape), truth)
    return matrix


def scores(matrix: ConfusionMatrix, classes: Sequence[str]) -> pd.DataFrame:
    """The IoU of every class in per cent, with the mean in a last row; NaN for a class not met."""
    table = class_iou(classes[1:], matrix.iou())
    table = table[table["class"] != ""]
    mean = pd.DataFrame({"class": ["mean"], "iou": [round(100 * matrix.miou, 2)]})
    return pd.concat([table, mean], ignore_index=True)


def write_scores(folder: Path, matrix: ConfusionMatrix, classes: Sequence[str]) -> None:
    """Write iou.tsv, and the confusion matrix as a table and as a picture."""
    from urn.figures.confusion import confusion  # matplotlib takes a second
    from urn.figures.style import save

    used = [class_id for class_id, name in enumerate(classes) if name]
    names, counts = [classes[i] for i in used], matrix.counts[np.ix_(used, used)]
    tables = {
        "iou.tsv": scores(matrix, classes).set_index("class"),
        "confusion.tsv": pd.DataFrame(counts, pd.Index(names, name="true"), names),
    }
    for name, table in tables.items():
        with atomic_path(folder / name) as temporary:
            table.to_csv(temporary, sep="\t")
    save(confusion(counts, names), folder / "confusion.png")
