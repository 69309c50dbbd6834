"""Pack predicted masks into the archive that PASCAL VOC's evaluation server accepts."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.files.images import image_size, read_made

# comp6: segmentation by a method trained on more than the challenge's own images.
FOLDER = "results/VOC2012/Segmentation/comp6_test_cls"


def write_submission(
    path: str | Path, masks: Mapping[str, tuple[Path, Path]], num_classes: int
) -> None:
    """Write the archive, <FOLDER>/<id>.png for every image; equal masks give equal archives.

    Args:
        path: a .tgz file.
        masks: the mask (a palette PNG) and the image of every id in the test list.
        num_classes: background included; ids run from 0.

    Raises:
        UserError: a mask is missing, differs in size from its image, or holds an id that is no
            class.
    """
    with (
        atomic_path(path) as temporary,
        tarfile.open(temporary, "w:gz", compresslevel=1) as archive,
    ):
        for image_id, (mask, image) in masks.items():
            _check(mask, image, num_classes)
            content = mask.read_bytes()
            member = tarfile.TarInfo(f"{FOLDER}/{image_id}.png")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _check(path: Path, image: Path, num_classes: int) -> None:
    mask = read_made(path)
    if mask.shape != image_size(image):
        raise UserError(f"mask {path} is not of the size of {image}: make it again")
    if mask.max() >= num_classes:
        others = np.unique(mask[mask >= num_classes]).tolist()
        raise UserError(f"mask {path} has ids {others}: the server takes 0 to {num_classes - 1}")
