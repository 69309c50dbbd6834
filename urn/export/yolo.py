"""Ultralytics' layout for semantic segmentation: images/<split>/, masks/<split>/ and data.yaml.

Masks are 8-bit PNGs of class ids, 255 = ignore.
"""

from collections.abc import Sequence
from pathlib import Path

import yaml

from urn.export.samples import Sample, class_names, of_split, place_image
from urn.files.images import write_grey
from urn.progress import progress


def write_yolo(
    folder: Path, samples: Sequence[Sample], classes: Sequence[str], dataset: str, t: float
) -> None:
    """Fill a folder; see `urn.registry.EXPORTS`.

    Ultralytics always asks for images of val: without any, those of train are named.
    """
    for sample in progress(samples, "yolo", len(samples)):
        inside = Path(sample.split) / sample.name
        place_image(sample.image, folder / "images" / inside, ["JPEG", "PNG"])
        write_grey(folder / "masks" / f"{inside}.png", sample.labels(t))
    described = {
        "train": "images/train",
        "val": "images/val" if of_split(samples, "val") else "images/train",
        "masks_dir": "masks",
        "names": dict(enumerate(class_names(classes))),
    }
    text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, encoding="utf-8")
