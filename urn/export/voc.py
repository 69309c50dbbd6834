"""PASCAL VOC's layout, as CVAT, Datumaro and torchvision read it.

JPEGImages/<name>.jpg, SegmentationClass/<name>.png (palette, 255 = ignore),
ImageSets/Segmentation/{train,val,trainval}.txt, and CVAT's labelmap.txt.
"""

from collections.abc import Sequence
from pathlib import Path

from urn.export.samples import Sample, class_names, of_split, place_image
from urn.files.images import IGNORE, palette, write_mask
from urn.progress import progress


def write_voc(
    folder: Path, samples: Sequence[Sample], classes: Sequence[str], dataset: str, t: float
) -> None:
    """Fill a folder; see `urn.registry.EXPORTS`."""
    for sample in progress(samples, "voc", len(samples)):
        place_image(sample.image, folder / "JPEGImages" / sample.name, ["JPEG"])
        write_mask(folder / "SegmentationClass" / f"{sample.name}.png", sample.labels(t))
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for name in ("train", "val"):
        _write_list(lists / f"{name}.txt", of_split(samples, name))
    _write_list(lists / "trainval.txt", samples)
    colours = palette()
    rows = [*enumerate(class_names(classes)), (IGNORE, "ignored")]
    lines = [f"{name}:{','.join(map(str, colours[number]))}::" for number, name in rows]
    text = "\n".join(["# label:color_rgb:parts:actions", *lines])
    (folder / "labelmap.txt").write_text(f"{text}\n", encoding="utf-8")


def _write_list(path: Path, samples: Sequence[Sample]) -> None:
    text = "".join(f"{sample.name}\n" for sample in samples)
    path.write_text(text, encoding="utf-8")
