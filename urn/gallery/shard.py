"""What the gallery shows of some images: previews, and a record of each."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from urn.datasets.index import Entry, Index
from urn.evaluation import ConfusionMatrix
from urn.files.atomic import atomic_path
from urn.files.images import image_size, read_image, read_made, read_mask
from urn.gallery.previews import write_mask_layer, write_photograph, write_uncertainty_layer

RECORDS = "records.json"


@dataclass(frozen=True)
class Layer:
    """Masks that the gallery lays over the images of a split.

    Attributes:
        name: as the page calls it.
        kind: "mask" (class ids) or "uncertainty" (weight masks).
        folder: holds `<image id>.png`.
    """

    name: str
    kind: str
    folder: str


@dataclass(frozen=True)
class Record:
    """One image.

    Attributes:
        id: of the image.
        split: train or val.
        tags: class ids.
        preview: what its previews' names begin with, relative to the page.
        size: width and height in pixels.
        uncertainty: mean over the pixels, in [0, 1]; None where no layer is of that kind.
        disagreement: share of the pixels at which the first two masks differ; None with fewer.
        miou: of the first mask (%); None where the truth is not known.
    """

    id: str
    split: str
    tags: list[int]
    preview: str
    size: tuple[int, int]
    uncertainty: float | None
    disagreement: float | None
    miou: float | None


def write_shard(
    folder: str | Path, index: Index, entries: Iterable[Entry], layers: Sequence[Layer]
) -> None:
    """Write the previews of some images and, when all are there, their records.

    An image's previews are called `<n>.jpg` and `<n>.<layer>.png`, with n and layer counted from 0.

    Args:
        folder: where to; its name is part of the records.
        index: with the images.
        entries: of the images.
        layers: the first mask is the one that is judged.

    Raises:
        UserError: an image or a mask cannot be used.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for number, entry in enumerate(entries):
        height, width = image_size(entry.image)
        write_photograph(folder / f"{number}.jpg", read_image(entry.image, "auto"))
        masks, uncertainty = [], None
        for place, layer in enumerate(layers):
            values = read_made(Path(layer.folder) / f"{entry.id}.png", (height, width))
            preview = folder / f"{number}.{place}.png"
            if layer.kind == "mask":
                masks.append(values)
                write_mask_layer(preview, values)
            else:
                uncertainty = round(float(1 - values.mean() / 255), 4)
                write_uncertainty_layer(preview, values)
        record = Record(
            id=entry.id,
            split=entry.split,
            tags=index.tag_ids(entry),
            preview=f"{folder.name}/{number}",
            size=(width, height),
            uncertainty=uncertainty,
            disagreement=_disagreement(masks),
            miou=_miou(index, entry, masks[0]),
        )
        records.append(asdict(record))
    with atomic_path(folder / RECORDS) as temporary:
        temporary.write_text(json.dumps(records), encoding="utf-8")


def read_records(folder: str | Path) -> list[dict[str, Any]]:
    """The records that `write_shard` wrote into a folder."""
    records: list[dict[str, Any]] = json.loads((Path(folder) / RECORDS).read_text("utf-8"))
    return records


def _disagreement(masks: Sequence[np.ndarray]) -> float | None:
    if len(masks) < 2:
        return None
    return round(float((masks[0] != masks[1]).mean()), 4)


def _miou(index: Index, entry: Entry, mask: np.ndarray) -> float | None:
    if entry.mask is None:
        return None
    matrix = ConfusionMatrix(index.num_classes, index.unused)
    matrix.add(mask, read_mask(entry.mask))
    score = 100 * matrix.miou
    return None if np.isnan(score) else round(float(score), 1)
