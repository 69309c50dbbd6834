"""PASCAL VOC's layout, as CVAT, Datumaro and torchvision read it.

JPEGImages/<name>.jpg, SegmentationClass/<name>.png (palette, 255 = ignore),
ImageSets/Segmentation/{train,val,trainval}.txt, and CVAT's labelmap.txt.
"""

from collections.abc import Sequence
from pathlib import Path

from urn.export.samples import Sample, class_names, of_split, place_image
from urn.files.images import IGNORE, palette, write_mask
from urn.progress import progress

LISTS = "ImageSets/Segmentation"


def write_voc(
    folder: Path, samples: Sequence[Sample], classes: Sequence[str], dataset: str, t: float
) -> None:
    """Fill a folder; see `urn.registry.EXPORTS`."""
    write_masks(folder, samples, classes, t)
    for name in ("train", "val"):
        write_list(folder / LISTS / f"{name}.txt", of_split(samples, name))
    write_list(folder / LISTS / "trainval.txt", samples)


def write_masks(
    folder: Path, samples: Sequence[Sample], classes: Sequence[str], t: float = 1.0
) -> None:
    """Write images, masks and labelmap.txt, but no list.

    Args:
        folder: where to.
        samples: the images.
        classes: names by id, the background's first.
        t: pixels whose weight is at most `t` are marked as ignored; 1: none.
    """
    for sample in progress(samples, "voc", len(samples)):
        place_image(sample.image, folder / "JPEGImages" / sample.name, ["JPEG"])
        write_mask(folder / "SegmentationClass" / f"{sample.name}.png", sample.labels(t))
    colours = palette()
    rows = [*enumerate(class_names(classes)), (IGNORE, "ignored")]
    lines = [f"{name}:{','.join(map(str, colours[number]))}::" for number, name in rows]
    text = "\n".join(["# label:color_rgb:parts:actions", *lines])
    (folder / "labelmap.txt").write_text(f"{text}\n", encoding="utf-8")


def write_list(path: Path, samples: Sequence[Sample]) -> None:
    """Write the names of images, one per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{sample.name}\n" for sample in samples)
    path.write_text(text, encoding="utf-8")
