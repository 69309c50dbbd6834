"""Label Studio's tasks: images served from this machine, and their masks for the brush to mend.

Its labelling interface has an image called `image` and brush labels called `label`. Images have the
paths that the dataset has; its server's LOCAL_FILES_DOCUMENT_ROOT is the folder where these begin.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from urn.export.samples import Sample
from urn.files.atomic import atomic_path
from urn.files.brush import SERVED, encode_brush
from urn.files.images import IGNORE
from urn.progress import progress


def write_label_studio(path: Path, samples: Sequence[Sample], classes: Sequence[str]) -> None:
    """Write the JSON file; see `urn.registry.TOOLS`."""
    tasks = [_task(sample, classes) for sample in progress(samples, path.name, len(samples))]
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")


def _task(sample: Sample, classes: Sequence[str]) -> dict[str, Any]:
    labels = sample.labels()
    height, width = labels.shape
    regions = [
        {
            "id": f"class{class_id}",
            "type": "brushlabels",
            "from_name": "label",
            "to_name": "image",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": {
                "format": "rle",
                "rle": encode_brush(labels == class_id),
                "brushlabels": [classes[class_id]],
            },
        }
        for class_id in np.unique(labels[(labels > 0) & (labels != IGNORE)]).tolist()
    ]
    image = quote(sample.image.as_posix().lstrip("/"))
    return {"data": {"image": f"{SERVED}{image}"}, "predictions": [{"result": regions}]}
