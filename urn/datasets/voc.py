"""The layout of PASCAL VOC: JPEGImages, SegmentationClass, Annotations and lists of ids."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from urn.datasets.ids import list_lines
from urn.datasets.index import Entry, Record
from urn.datasets.layouts import voc_annotation, voc_image, voc_mask
from urn.errors import UserError
from urn.files.images import read_mask
from urn.progress import progress

VOC_CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


def voc_records(
    root: str | Path,
    classes: Sequence[str],
    train_list: str | Path,
    val_list: str | Path,
    tags: str = "masks",
) -> list[Record]:
    """Read a dataset in VOC's layout.

    Args:
        root: folder with JPEGImages/<id>.jpg and SegmentationClass/<id>.png.
        classes: foreground class names, in the order of the masks' ids.
        train_list: list of train ids, relative to `root` or absolute.
        val_list: list of val ids, likewise.
        tags: "masks" (the classes present in an image's mask) or "xml" (the objects of
            Annotations/<id>.xml, those marked difficult included: they are in the image too).
            With "xml", train images need no masks.

    Raises:
        UserError: a list cannot be read. What is wrong with an image is left in its record.
    """
    if tags not in ("masks", "xml"):
        raise ValueError(f"tags {tags!r}: masks or xml")
    root = Path(root)
    lines = [
        (split, root / source, number, image_id)
        for split, source in (("train", train_list), ("val", val_list))
        for number, image_id, _ in list_lines(root / source)
    ]
    records = []
    for split, source, number, image_id in progress(lines, "reading tags", len(lines)):
        mask = voc_mask(root, image_id)
        found: tuple[str, ...] = ()
        problems: tuple[str, ...] = ()
        try:
            if tags == "masks":
                found = mask_tags(mask, classes)
            else:
                found = xml_tags(voc_annotation(root, image_id))
        except UserError as error:
            problems = (str(error),)
        entry = Entry(
            id=image_id,
            split=split,
            image=voc_image(root, image_id),
            mask=mask if split == "val" or mask.exists() else None,
            tags=found,
        )
        records.append(Record(entry, source, number, problems))
    return records


def voc_test_records(root: str | Path, test_list: str | Path) -> list[Record]:
    """Read a list of images of which nothing more is known, of split "test".

    Raises:
        UserError: the list cannot be read.
    """
    root = Path(root)
    return [
        Record(
            Entry(image_id, "test", voc_image(root, image_id), None, ()),
            root / test_list,
            number,
        )
        for number, image_id, _ in list_lines(root / test_list)
    ]


def read(source: Mapping[str, Any]) -> tuple[Sequence[str], list[Record]]:
    """Classes and records of a dataset; see `urn.datasets.readers`."""
    classes = source.get("classes", VOC_CLASSES)
    lists, tags = (source["train"], source["val"]), source.get("tags", "masks")
    return classes, voc_records(source["root"], classes, *lists, tags)


def read_test(source: Mapping[str, Any]) -> tuple[Sequence[str], list[Record]]:
    """The same of its test images."""
    records = voc_test_records(source["root"], source["test"])
    return source.get("classes", VOC_CLASSES), records


def mask_tags(mask: str | Path, classes: Sequence[str]) -> tuple[str, ...]:
    """Names of the classes present in a mask file; ids beyond the classes are left out.

    Raises:
        UserError: the mask cannot be read.
    """
    present = np.unique(read_mask(mask)).tolist()
    return tuple(classes[class_id - 1] for class_id in present if 1 <= class_id <= len(classes))


def xml_tags(annotation: str | Path) -> tuple[str, ...]:
    """Names of the objects in a VOC annotation file, each once, in the order of the file.

    Raises:
        UserError: the file is missing or not such an annotation.
    """
    try:
        objects = ElementTree.parse(annotation).getroot().findall("object")
    except FileNotFoundError:
        raise UserError(f"annotation {annotation} does not exist: add it or drop its id") from None
    except (ElementTree.ParseError, LookupError, ValueError, OSError) as error:
        raise UserError(f"annotation {annotation} cannot be read ({error}): replace it") from None
    names = (item.findtext("name", "").strip() for item in objects)
    return tuple(dict.fromkeys(name for name in names if name))
