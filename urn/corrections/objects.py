"""Files of COCO's annotations that people drew: polygons or run lengths, an object each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from urn.corrections.labels import label_ids
from urn.datasets.ids import without_suffix
from urn.datasets.instances import Annotated, checked_object
from urn.errors import UserError


def annotated_images(path: Path, content: Any, classes: Sequence[str]) -> list[Annotated]:
    """The images that have an object, for `urn.datasets.instances.semantic_mask`.

    An image without objects may not have been looked at yet, so that it says nothing.

    Args:
        path: of the file, for messages.
        content: of the file; categories are told by their names, which may also be `background`
            and `ignored`.
        classes: names of the foreground classes, in the order of their ids.

    Raises:
        UserError: the file is of another kind, or an object is unusable or of no class.
    """
    ids = label_ids(classes)
    try:
        named: dict[int, str] = {item["id"]: item["name"] for item in content["categories"]}
        images = {item["id"]: _image(item) for item in content["images"]}
        objects: list[dict[str, Any]] = list(content["annotations"])
        owners = [images[item["image_id"]] for item in objects]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is no file of COCO's annotations ({type(error).__name__}: {error}): export it "
            "again"
        ) from None
    for item, image in zip(objects, owners, strict=True):
        place = f"{path}, annotation {item.get('id', 'without id')} of {image.id}"
        checked_object(item, named, image.size, place)
        name = named[item["category_id"]]
        if name not in ids:
            raise UserError(f"{place}: {name!r} is no class: rename the label")
        image.objects.append(item | {"category_id": ids[name]})
    return [image for image in images.values() if image.objects]


def _image(item: dict[str, Any]) -> Annotated:
    height, width = int(item["height"]), int(item["width"])
    return Annotated(without_suffix(item["file_name"]), (height, width))
