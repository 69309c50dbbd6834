"""What people drew with Label Studio's brush, as it exports it: a list of tasks in JSON."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from urn.corrections.labels import label_ids
from urn.errors import UserError
from urn.files.brush import SERVED, decode_brush

Regions = Sequence[Mapping[str, Any]]


def brushed_images(path: Path, tasks: Sequence[Any]) -> Iterator[tuple[str, Regions]]:
    """The image files of finished tasks, as their server names them, and what was drawn.

    A task in which nothing was drawn may not have been looked at, so that it says nothing.

    Raises:
        UserError: a task is of another form.
    """
    try:
        for task in tasks:
            image = unquote(task["data"]["image"].removeprefix(SERVED))
            done = [item for item in task["annotations"] if not item.get("was_cancelled")]
            if done and done[-1]["result"]:
                yield image, done[-1]["result"]
    except (LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is no export of Label Studio ({type(error).__name__}: {error}): export it as "
            "JSON again"
        ) from None


def brushed_mask(place: str, regions: Regions, classes: Sequence[str]) -> np.ndarray:
    """The regions of an image over each other: H×W uint8 class ids, 0 where nothing was drawn.

    Args:
        place: what messages call the image.
        regions: in the order in which they were drawn; at least one.
        classes: names of the foreground classes, in the order of their ids.

    Raises:
        UserError: a region is none of the brush, or of no class.
    """
    ids = label_ids(classes)
    drawn: list[tuple[np.ndarray, int]] = []
    for region in regions:
        try:
            shape = region["original_height"], region["original_width"]
            (name,) = region["value"]["brushlabels"]
            inside = decode_brush(region["value"]["rle"], shape)
        except (LookupError, TypeError, ValueError) as error:
            raise UserError(
                f"{place} has a region that is not the brush's ({type(error).__name__}: {error}): "
                "draw it with the brush, or export as COCO"
            ) from None
        if name not in ids:
            raise UserError(f"{place} shows {name!r}, which is no class: rename the label")
        drawn.append((inside, ids[name]))
    mask = np.zeros(drawn[0][0].shape, np.uint8)
    for inside, class_id in drawn:
        mask[inside] = class_id
    return mask
