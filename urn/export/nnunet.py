"""nnU-Net's raw layout: Dataset001_<dataset>/ with imagesTr/, labelsTr/ and dataset.json.

The folder that holds it is what nnU-Net calls nnUNet_raw. Images are 8-bit RGB PNGs, a file each;
ignored pixels have the label `ignore`, the number after the last class.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from urn.export.samples import Sample, class_names, of_split, place_image
from urn.files.images import IGNORE, write_grey
from urn.progress import progress

NUMBER = 1


def write_nnunet(
    folder: Path, samples: Sequence[Sample], classes: Sequence[str], dataset: str, t: float
) -> None:
    """Fill a folder; see `urn.registry.EXPORTS`.

    nnU-Net divides its cases into folds itself; splits_final.json has ours, to be copied into
    nnUNet_preprocessed/Dataset001_<dataset>.
    """
    root = folder / f"Dataset{NUMBER:03d}_{re.sub(r'[^A-Za-z0-9]', '', dataset) or 'urn'}"
    for sample in progress(samples, "nnunet", len(samples)):
        place_image(sample.image, root / "imagesTr" / f"{sample.name}_0000", ["PNG"])
        labels = sample.labels(t)
        labels = np.where(labels == IGNORE, len(classes), labels)
        write_grey(root / "labelsTr" / f"{sample.name}.png", labels)
    names = [f"{name} (class)" if name == "ignore" else name for name in class_names(classes)]
    numbers = {name: number for number, name in enumerate([*names, "ignore"])}
    described = {
        "channel_names": {"0": "R", "1": "G", "2": "B"},
        "labels": numbers,
        "numTraining": len(samples),
        "file_ending": ".png",
        "name": dataset,
    }
    _write_json(root / "dataset.json", described)
    fold = {split: [s.name for s in of_split(samples, split)] for split in ("train", "val")}
    if fold["val"]:
        _write_json(root / "splits_final.json", [fold])


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
