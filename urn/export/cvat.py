"""CVAT's format "Segmentation mask 1.1": PASCAL VOC's folders with labelmap.txt, in a zip file.

Masks do not tell one object from another, so that each class of an image is one object.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from urn.export.samples import Sample
from urn.export.voc import LISTS, write_list, write_masks
from urn.files.atomic import atomic_path
from urn.files.images import IGNORE, write_mask


def write_cvat(path: Path, samples: Sequence[Sample], classes: Sequence[str]) -> None:
    """Write the zip file; see `urn.registry.TOOLS`."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_masks(folder, samples, classes)
        for sample in samples:
            labels = sample.labels()
            objects = np.where(labels == IGNORE, 0, labels)
            write_mask(folder / "SegmentationObject" / f"{sample.name}.png", objects)
        write_list(folder / LISTS / "default.txt", samples)
        with atomic_path(path) as whole, zipfile.ZipFile(whole, "w") as file:
            for member in sorted(filter(Path.is_file, folder.rglob("*"))):
                file.write(member, member.relative_to(folder).as_posix())
