"""Where the layouts of VOC and COCO keep the files of an image: standard library only."""

from pathlib import Path


def voc_image(root: str | Path, image_id: str) -> Path:
    """The photograph."""
    return Path(root) / "JPEGImages" / f"{image_id}.jpg"


def voc_mask(root: str | Path, image_id: str) -> Path:
    """The mask of its classes."""
    return Path(root) / "SegmentationClass" / f"{image_id}.png"


def voc_annotation(root: str | Path, image_id: str) -> Path:
    """The list of its objects."""
    return Path(root) / "Annotations" / f"{image_id}.xml"


def coco_image(root: str | Path, folder: str, image_id: str) -> Path:
    """The photograph; `folder` is that of its split."""
    return Path(root) / folder / f"{image_id}.jpg"


def coco_mask(root: str | Path, image_id: str) -> Path:
    """The mask of its classes."""
    return Path(root) / "masks" / f"{image_id}.png"
