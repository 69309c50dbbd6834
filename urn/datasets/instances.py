"""COCO's instance annotations: one JSON file of objects -> a mask and the tags of every image."""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from urn.errors import UserError
from urn.files import atomic_path
from urn.images import write_mask
from urn.progress import progress


@dataclass(frozen=True)
class Annotated:
    """An image's id (its file name without suffix), height and width, and its objects' entries."""

    id: str
    size: tuple[int, int]
    objects: list[dict[str, Any]] = field(default_factory=list)

    @property
    def class_ids(self) -> list[int]:
        """Class ids of the objects, crowds included, ascending: the image's tags."""
        return sorted({item["category_id"] for item in self.objects})


def read_instances(path: str | Path, classes: Sequence[str]) -> list[Annotated]:
    """Read the images that have at least one object, by ascending number.

    Args:
        path: a file like COCO's instances_train2014.json.
        classes: names by class id - 1, "" where an id has no class, which the file must agree with.

    Raises:
        UserError: the file is missing, is no such file, or has other classes.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        named = {item["id"]: item["name"] for item in content["categories"]}
        images = {
            item["id"]: Annotated(Path(item["file_name"]).stem, (item["height"], item["width"]))
            for item in content["images"]
        }
        for item in content["annotations"]:
            images[item["image_id"]].objects.append(item)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): put the file there") from None
    except (ValueError, LookupError, TypeError) as error:
        raise UserError(
            f"{path} is no file of instance annotations ({type(error).__name__}: {error}): "
            "fetch it again"
        ) from None
    if named != {number: name for number, name in enumerate(classes, start=1) if name}:
        raise UserError(f"{path} has other classes than COCO 2014: use the official file")
    return [image for _, image in sorted(images.items()) if image.objects]


def semantic_mask(image: Annotated) -> np.ndarray:
    """Lay an image's objects over each other: H×W uint8 class ids, 0 where there is none.

    Of objects that overlap, the smaller one is on top. The region of a crowd is of its class as
    that of a single object is.
    """
    mask = np.zeros(image.size, dtype=np.uint8)
    for item in sorted(image.objects, key=lambda item: item["area"], reverse=True):
        shape = item["segmentation"]
        if not (isinstance(shape, dict) and isinstance(shape["counts"], str)):
            shape = coco_mask.frPyObjects(shape, *image.size)
        if isinstance(shape, list):  # the polygons of one object
            shape = coco_mask.merge(shape)
        mask[coco_mask.decode(shape).astype(bool)] = item["category_id"]
    return mask


def write_semantic_masks(
    images: Sequence[Annotated], folder: str | Path, processes: int = 1
) -> None:
    """Write <folder>/<id>.png, a palette PNG, for every image."""
    write = partial(_write_semantic_mask, Path(folder))
    with ProcessPoolExecutor(processes) as pool:
        for _ in progress(pool.map(write, images, chunksize=64), "masks", len(images)):
            pass


def write_tag_list(path: str | Path, images: Iterable[Annotated]) -> None:
    """Write a line per image: its id and, blanks between, the class ids of its tags."""
    lines = (" ".join(map(str, (image.id, *image.class_ids))) for image in images)
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join([*lines, ""]))


def _write_semantic_mask(folder: Path, image: Annotated) -> None:
    write_mask(folder / f"{image.id}.png", semantic_mask(image))
