"""Checking a dataset: everything that is wrong with it in one go, file and line named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from urn.datasets.agreement import Shown, coding_faults
from urn.datasets.index import BACKGROUND, Record, check_classes
from urn.errors import UserError, raise_faults
from urn.files.images import IGNORE, image_size, read_image, read_mask
from urn.files.jpeg import has_hole
from urn.progress import progress

LONGEST = 100  # times its shorter side; a training would shrink anything longer to nothing


@dataclass(frozen=True)
class Finding:
    """One fault: the list or table that led to it, its line (None: the whole file), the message."""

    source: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.source}, line {self.line}" if self.line else f"{self.source}"
        return f"{place}: {self.message}"


def validate(records: Sequence[Record], classes: Sequence[str]) -> list[Finding]:
    """Check records against their files and the class names; decodes every image and mask.

    Found are: unreadable or missing images and masks, images that are hardly more than a line,
    masks of another size than their image or with ids beyond the classes, tags that are no class,
    `background` beside other tags, train images without tags, ids that occur twice, no train image
    at all, masks that contradict the tags, and what the reader of the layout noted. What holds for
    all images of a list is told once, of the list.

    Raises:
        UserError: the class names are unusable.
    """
    check_classes(classes)
    findings = _missing_train_images(records)
    no_images, no_tags = _all_images_missing(records), _all_tags_missing(records)
    findings += no_images + no_tags
    first: dict[str, Record] = {}
    masks: dict[tuple[Path, str], list[Shown]] = {}
    for record in progress(records, "checking images", len(records)):
        entry = record.entry
        earlier = first.setdefault(entry.id, record)
        messages = [*record.problems, *_tag_faults(record, classes)]
        if entry.split == "train" and not (entry.tags or record.problems or no_tags):
            messages.append(
                f"train image {entry.id!r} has no tag: name its classes, or write {BACKGROUND} if "
                "it shows none of them"
            )
        if earlier is not record:
            place = f"{earlier.source}, line {earlier.line}"
            messages.append(f"id {entry.id!r} is that of {place}: drop or rename one")
        size = None
        if not no_images:
            size, faults = _checked_image(entry.image)
            messages += faults
        if entry.mask is not None:
            values, faults = _checked_mask(entry.mask, size, len(classes))
            messages += faults
            if values:
                tags = frozenset(i for i, name in enumerate(classes, start=1) if name in entry.tags)
                key = (record.source, entry.split)
                masks.setdefault(key, []).append(Shown(record, values, tags))
        # A reader that looked into a file may have noted the same fault already.
        findings += [
            Finding(record.source, record.line, message) for message in dict.fromkeys(messages)
        ]
    for (source, _), shown in masks.items():
        findings += [Finding(source, None, fault) for fault in coding_faults(shown, classes)]
    return findings


def require_valid(what: str, records: Sequence[Record], classes: Sequence[str]) -> None:
    """Raise what `validate` finds.

    Args:
        what: what the message calls the records.

    Raises:
        UserError: every fault with its file and line.
    """
    raise_faults(what, validate(records, classes), alone=False)


def _missing_train_images(records: Sequence[Record]) -> list[Finding]:
    if {record.entry.split for record in records} & {"train", "test"}:
        return []
    sources = dict.fromkeys(record.source for record in records)
    return [Finding(source, None, "no train image: add some") for source in sources]


def _all_images_missing(records: Sequence[Record]) -> list[Finding]:
    if len(records) < 2 or any(record.entry.image.exists() for record in records):
        return []
    first = records[0]
    sentence = (
        f"none of its images is there, {first.entry.image} the first of them: correct the folder "
        "of the images or their names"
    )
    sources = dict.fromkeys(record.source for record in records)
    return [Finding(source, None, sentence) for source in sources]


def _all_tags_missing(records: Sequence[Record]) -> list[Finding]:
    train = [record for record in records if record.entry.split == "train"]
    if len(train) < 2 or any({*r.entry.tags} - {BACKGROUND} or r.problems for r in train):
        return []
    sentence = (
        "no train image has a tag of a class: give each its classes, in a CSV in the column `tags`"
    )
    sources = dict.fromkeys(record.source for record in train)
    return [Finding(source, None, sentence) for source in sources]


def _tag_faults(record: Record, classes: Sequence[str]) -> Iterator[str]:
    tags = record.entry.tags
    if BACKGROUND in tags and len(tags) > 1:
        others = ", ".join(tag for tag in tags if tag != BACKGROUND)
        yield (
            f"tag {BACKGROUND!r} stands beside {others}: write it alone, of an image that shows "
            "none of the classes"
        )
    for tag in tags:
        if tag not in (BACKGROUND, *classes):
            # Compared without case: "Dog" for "dog" is the usual slip.
            alike = {name.casefold(): name for name in (BACKGROUND, *classes)}
            close = get_close_matches(tag.casefold(), alike, n=1)
            fix = f"did you mean {alike[close[0]]!r}?" if close else "correct it or add the class"
            yield f"tag {tag!r} is not a class: {fix}"


def _checked_image(path: Path) -> tuple[tuple[int, int] | None, list[str]]:
    """An image's height and width (None: not known), and its faults."""
    try:
        read_image(path, "auto")  # all of it is decoded, though not all is kept
        size = image_size(path)
        damaged = has_hole(path)
    except UserError as error:
        return None, [str(error)]
    faults = [f"image {path} is damaged in its midst: replace the file"] if damaged else []
    if max(size) > LONGEST * min(size):
        faults.append(
            f"image {path} is {_in_words(size)}, more than {LONGEST} times as long as it is short: "
            "cut it up or drop it"
        )
    return size, faults


def mask_faults(path: Path, size: tuple[int, ...] | None, class_count: int) -> list[str]:
    """What is wrong with a mask whose image is of `size` (H, W; None: not known), in sentences."""
    return _checked_mask(path, size, class_count)[1]


def value_faults(
    mask: np.ndarray, name: str, size: tuple[int, ...] | None, class_count: int
) -> list[str]:
    """The same of a mask in memory, H×W uint8, by the name that the sentences call it."""
    return _checked_values(mask, name, size, class_count)[1]


def _checked_mask(
    path: Path, size: tuple[int, ...] | None, class_count: int
) -> tuple[frozenset[int] | None, list[str]]:
    """The values of a mask's pixels (None: not known, or not all of classes), and its faults."""
    try:
        mask = read_mask(path)
    except UserError as error:
        return None, [str(error)]
    return _checked_values(mask, f"mask {path}", size, class_count)


def _checked_values(
    mask: np.ndarray, name: str, size: tuple[int, ...] | None, class_count: int
) -> tuple[frozenset[int] | None, list[str]]:
    faults = []
    if size is not None and mask.shape != size:
        faults.append(
            f"{name} is {_in_words(mask.shape)} but its image {_in_words(size)}: make them equal"
        )
    present = np.unique(mask)
    unknown = present[(present > class_count) & (present != IGNORE)].tolist()
    if unknown:
        faults.append(
            f"{name} has ids {', '.join(map(str, unknown))} beyond the {class_count} classes: "
            f"use 0 to {class_count}, and {IGNORE} for ignored pixels"
        )
        return None, faults
    return frozenset(present.tolist()), faults


def _in_words(size: tuple[int, ...]) -> str:
    height, width = size
    return f"{width} pixels wide and {height} high"
