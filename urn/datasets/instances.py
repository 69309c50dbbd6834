"""COCO's instance annotations: one JSON file of objects -> a mask and the tags of every image."""

import json
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from pycocotools import mask as coco_mask

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.files.images import write_mask
from urn.progress import progress

LONGEST_SIDE = 65_500  # in pixels: of a JPEG
MOST_PIXELS = 178_956_970  # of an image that Pillow opens
MEND = "mend the file or fetch it again"


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
        UserError: the file is missing, is no such file, has other classes or no object, or one of
            its images or objects is unusable.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        named = {item["id"]: item["name"] for item in content["categories"]}
        listed, objects = list(content["images"]), list(content["annotations"])
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): put the file there") from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UserError(
            f"{path} is no file of instance annotations ({type(error).__name__}: {error}): "
            "fetch it again"
        ) from None
    if named != {number: name for number, name in enumerate(classes, start=1) if name}:
        raise UserError(f"{path} has other classes than COCO 2014: use the official file")
    images, names = {}, set()
    for item in listed:
        image = _image(item, f"{path}, image {_id(item)}")
        if item["id"] in images or image.id in names:
            raise UserError(f"{path}, image {_id(item)}: its id or file name is another's: {MEND}")
        images[item["id"]] = image
        names.add(image.id)
    for item in objects:
        place = f"{path}, annotation {_id(item)}"
        image_id = item.get("image_id") if isinstance(item, dict) else None
        if not isinstance(image_id, int) or image_id not in images:
            raise UserError(f"{place}: image {image_id!r} is not among the images: {MEND}")
        images[image_id].objects.append(checked_object(item, named, images[image_id].size, place))
    found = [image for _, image in sorted(images.items()) if image.objects]
    if not found:
        raise UserError(f"{path} has no image with an object: fetch it again")
    return found


def _id(item: Any) -> Any:
    return item.get("id", "without id") if isinstance(item, dict) else repr(item)[:40]


def _image(item: Any, place: str) -> Annotated:
    """An entry of `images`, checked.

    Raises:
        UserError: it has no number, size or file name that can be used.
    """
    fields: dict[str, Any] = item if isinstance(item, dict) else {}
    name: Any = fields.get("file_name")
    size: tuple[Any, Any] = fields.get("height"), fields.get("width")
    if not isinstance(fields.get("id"), int):
        raise UserError(f"{place}: no number as its id: {MEND}")
    sides = all(isinstance(side, int) and 1 <= side <= LONGEST_SIDE for side in size)
    if not sides or math.prod(size) > MOST_PIXELS:
        raise UserError(f"{place}: height {size[0]!r} and width {size[1]!r} are no size: {MEND}")
    if not isinstance(name, str) or not name.endswith(".jpg") or not name.isprintable():
        raise UserError(f"{place}: file name {name!r} is not that of a .jpg file: {MEND}")
    if set(name) & set(" /\\{}") or not name.removesuffix(".jpg").strip("."):
        raise UserError(
            f"{place}: file name {name!r} has a blank, brace or folder: rename the image, there too"
        )
    return Annotated(name.removesuffix(".jpg"), size)


def checked_object(
    item: dict[str, Any], named: dict[int, str], size: tuple[int, int], place: str
) -> dict[str, Any]:
    """An entry of `annotations`, checked.

    Raises:
        UserError: its class, area or region cannot be used.
    """
    class_id, area = item.get("category_id"), item.get("area")
    shape: Any = item.get("segmentation")
    if not isinstance(class_id, int) or class_id not in named:
        raise UserError(f"{place}: category_id {class_id!r} is no class: {MEND}")
    if not _is_number(area) or area < 0:
        raise UserError(f"{place}: area {area!r} is no number of pixels: {MEND}")
    if isinstance(shape, list):
        most = 2 * max(size)  # beyond the image by more is no slip of the annotator's hand
        for polygon in shape:
            if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
                raise UserError(f"{place}: a polygon has not three points or more: {MEND}")
            if not all(_is_number(n) and abs(n) <= most for n in polygon):
                raise UserError(f"{place}: a polygon leaves its image: {MEND}")
        if not shape:
            raise UserError(f"{place}: segmentation is empty: {MEND}")
    elif not isinstance(shape, dict) or not _is_region(shape, size):
        raise UserError(
            f"{place}: segmentation is neither polygons nor counts that make up its image: {MEND}"
        )
    return item


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _is_region(shape: dict[str, Any], size: tuple[int, int]) -> bool:
    """Whether a run-length encoding is one of exactly an image's pixels."""
    counts = shape.get("counts")
    if shape.get("size") != list(size) or not isinstance(counts, str | list):
        return False
    runs = _unpacked(counts) if isinstance(counts, str) else counts
    whole = all(isinstance(n, int) and n >= 0 for n in runs)
    return whole and sum(runs) == math.prod(size)


def _unpacked(text: str) -> list[int]:
    """The counts in COCO's compressed form; [-1] where it is none.

    Digits of five bits, the lowest first, each a character from "0"; a sixth bit says that another
    follows, and the last one's fifth that the number is negative. From the fourth count on, what is
    written is the difference from the count before the last.
    """
    counts: list[int] = []
    value = place = 0
    for character in text:
        digit = ord(character) - ord("0")
        if not 0 <= digit < 64 or place > 40:
            return [-1]
        value |= (digit & 31) << place
        place += 5
        if not digit & 32:
            if digit & 16:
                value -= 1 << place
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = place = 0
    return counts if place == 0 else [-1]


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
