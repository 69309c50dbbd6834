"""MS COCO's layout: images/<split>/ and annotations/instances_<split>.json.

Masks do not tell one object from another, so that each class of an image is one annotation, an RLE.
COCO has no label for ignored pixels: uncertain ones keep their class.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from urn.export.samples import Sample, of_split, place_image
from urn.files.images import IGNORE
from urn.progress import progress


def write_coco(
    folder: Path, samples: Sequence[Sample], classes: Sequence[str], dataset: str, t: float
) -> None:
    """Fill a folder; see `urn.registry.EXPORTS`."""
    categories = [
        {"id": number, "name": name, "supercategory": dataset}
        for number, name in enumerate(classes)
        if number and name
    ]
    (folder / "annotations").mkdir()
    for split in ("train", "val"):
        if chosen := of_split(samples, split):
            content = {"categories": categories, **_contents(folder, split, chosen)}
            path = folder / "annotations" / f"instances_{split}.json"
            path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _contents(folder: Path, split: str, samples: Sequence[Sample]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, sample in enumerate(progress(samples, f"coco {split}", len(samples)), start=1):
        place = place_image(sample.image, folder / "images" / split / sample.name, ["JPEG", "PNG"])
        labels = sample.labels()
        height, width = labels.shape
        size = {"height": height, "width": width}
        images.append({"id": number, "file_name": place.name, **size})
        for class_id in np.unique(labels[(labels > 0) & (labels != IGNORE)]).tolist():
            code = rle.encode(np.asfortranarray(labels == class_id, dtype=np.uint8))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": class_id,
                    "segmentation": {"size": code["size"], "counts": code["counts"].decode()},
                    "area": int(rle.area(code)),
                    "bbox": rle.toBbox(code).tolist(),
                    "iscrowd": 0,
                }
            )
    return {"images": images, "annotations": annotations}
