"""Coloured masks and their labelmap.txt, as CVAT's format "Segmentation mask" has them.

A line of the labelmap is `name:red,green,blue:parts:actions`; of the name `ignored` are the pixels
that stay as they were.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from urn.corrections.labels import label_ids
from urn.errors import UserError
from urn.files.images import read_image

LABELMAP = "labelmap.txt"
MASKS = "SegmentationClass"


def read_labelmap(path: str | Path) -> dict[int, str]:
    """The names of a labelmap by their colours, as 0xRRGGBB.

    Raises:
        UserError: it cannot be read, a line is of another form, or a colour is there twice.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}): export it again") from None
    names: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, colour, _, _ = line.rsplit(":", 3)
            red, green, blue = (int(value) for value in colour.split(","))
            code = int.from_bytes(bytes([red, green, blue]))
        except ValueError:
            raise UserError(
                f"{path}, line {number}: {line!r} is not of the form name:red,green,blue::"
            ) from None
        if code in names:
            raise UserError(
                f"{path}, line {number}: {name} has the colour of {names[code]}: give each its own"
            )
        names[code] = name.strip()
    return names


def read_coloured(
    path: str | Path, labelmap: Mapping[int, str], classes: Sequence[str]
) -> np.ndarray:
    """Read a coloured mask as H×W uint8 class ids, 255 where it says nothing.

    Args:
        path: an image file.
        labelmap: see `read_labelmap`.
        classes: names of the foreground classes, in the order of their ids.

    Raises:
        UserError: it cannot be read, or has a colour that is not in the labelmap or no class's.
    """
    red, green, blue = np.moveaxis(read_image(path).astype(np.uint32), 2, 0)
    colours, places = np.unique((red << 16) | (green << 8) | blue, return_inverse=True)
    unknown = [code for code in colours.tolist() if code not in labelmap]
    if unknown:
        colour = ",".join(map(str, unknown[0].to_bytes(3)))
        raise UserError(
            f"mask {path} has the colour {colour}, which is not in its {LABELMAP}: add it there, "
            "or save the mask without smoothed edges"
        )
    ids = label_ids(classes)
    names = [labelmap[code] for code in colours.tolist()]
    for name in names:
        if name not in ids:
            raise UserError(f"mask {path} shows {name!r}, which is no class: rename the label")
    return np.array([ids[name] for name in names], np.uint8)[places].reshape(red.shape)
