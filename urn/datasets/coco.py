"""The layout of COCO 2014: folders of images, masks, and lists of ids with their tags."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from urn.datasets.ids import list_lines
from urn.datasets.index import BACKGROUND, Entry, Record
from urn.datasets.layouts import coco_image, coco_mask

# By class id - 1; ten ids of the official numbering have no class.
COCO_CLASSES = (
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "",
    "backpack",
    "umbrella",
    "",
    "",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "",
    "dining table",
    "",
    "",
    "toilet",
    "",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
)


def coco_list(root: str | Path, folder: str) -> Path:
    """The list of a split: an id per line, then the class ids of its tags."""
    return Path(root) / "lists" / f"{folder}.txt"


def coco_records(root: str | Path, train: str, val: str) -> list[Record]:
    """Read a dataset in COCO's layout. In a list, 0 alone is the tag of images without a class.

    Args:
        root: folder with lists/<train>.txt, <train>/<id>.jpg, masks/<id>.png; likewise for val.
        train: folder of the train images, such as train2014.
        val: folder of the val images.

    Raises:
        UserError: a list cannot be read. What is wrong with an image is left in its record.
    """
    return [
        _record(Path(root), split, folder, coco_list(root, folder), line)
        for split, folder in (("train", train), ("val", val))
        for line in list_lines(coco_list(root, folder))
    ]


def read(source: Mapping[str, Any]) -> tuple[Sequence[str], list[Record]]:
    """Classes and records of a dataset; see `urn.datasets.readers`."""
    return COCO_CLASSES, coco_records(source["root"], source["train"], source["val"])


def _record(
    root: Path, split: str, folder: str, source: Path, line: tuple[int, str, list[str]]
) -> Record:
    number, image_id, class_ids = line
    names = {str(i): name for i, name in enumerate((BACKGROUND, *COCO_CLASSES)) if name}
    unknown = [class_id for class_id in class_ids if class_id not in names]
    problems = (f"class id {unknown[0]!r} is unknown: make the list anew",) if unknown else ()
    entry = Entry(
        id=image_id,
        split=split,
        image=coco_image(root, folder, image_id),
        mask=coco_mask(root, image_id),
        tags=tuple(names[class_id] for class_id in class_ids if class_id in names),
    )
    return Record(entry, source, number, problems)
