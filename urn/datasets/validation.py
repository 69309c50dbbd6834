"""Checking a dataset: everything that is wrong with it in one go, file and line named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from urn.datasets.index import Entry, Record, check_classes
from urn.errors import UserError
from urn.images import IGNORE, read_image, read_mask
from urn.jpeg import has_hole
from urn.progress import progress


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

    Found are: unreadable or missing images and masks, masks of another size than their image or
    with ids beyond the classes, tags that are no class, train images without tags, ids that
    occur twice, no train image at all, and what the reader of the layout noted.

    Raises:
        UserError: the class names are unusable.
    """
    check_classes(classes)
    findings = _missing_train_images(records)
    first: dict[str, Record] = {}
    for record in progress(records, "checking images", len(records)):
        earlier = first.setdefault(record.entry.id, record)
        messages = [*record.problems, *_tag_faults(record, classes)]
        if earlier is not record:
            place = f"{earlier.source}, line {earlier.line}"
            messages.append(f"id {record.entry.id!r} is that of {place}: drop or rename one")
        messages += _file_faults(record.entry, len(classes))
        # A reader that looked into a file may have noted the same fault already.
        findings += [
            Finding(record.source, record.line, message) for message in dict.fromkeys(messages)
        ]
    return findings


def require_valid(what: str, records: Sequence[Record], classes: Sequence[str]) -> None:
    """Raise what `validate` finds.

    Args:
        what: what the message calls the records.

    Raises:
        UserError: every fault with its file and line.
    """
    findings = validate(records, classes)
    if findings:
        count = f"{len(findings)} fault{'s' if len(findings) > 1 else ''}"
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise UserError(f"{what} has {count} to mend:\n{lines}")


def _missing_train_images(records: Sequence[Record]) -> list[Finding]:
    if {record.entry.split for record in records} & {"train", "test"}:
        return []
    sources = dict.fromkeys(record.source for record in records)
    return [Finding(source, None, "no train image: add some") for source in sources]


def _tag_faults(record: Record, classes: Sequence[str]) -> Iterator[str]:
    entry = record.entry
    if entry.split == "train" and not entry.tags and not record.problems:
        yield f"train image {entry.id!r} has no tag: add one or drop the image"
    for tag in entry.tags:
        if tag not in classes:
            # Compared without case: "Dog" for "dog" is the usual slip.
            alike = {name.casefold(): name for name in classes}
            close = get_close_matches(tag.casefold(), alike, n=1)
            fix = f"did you mean {alike[close[0]]!r}?" if close else "correct it or add the class"
            yield f"tag {tag!r} is not a class: {fix}"


def _file_faults(entry: Entry, class_count: int) -> Iterator[str]:
    size = None
    try:
        size = read_image(entry.image).shape[:2]
        if has_hole(entry.image):
            yield f"image {entry.image} is damaged, zeros stand in its midst: replace the file"
    except UserError as error:
        yield str(error)
    if entry.mask is not None:
        yield from mask_faults(entry.mask, size, class_count)


def mask_faults(path: Path, size: tuple[int, ...] | None, class_count: int) -> Iterator[str]:
    """What is wrong with a mask whose image is of `size` (H, W; None: not known), in sentences."""
    try:
        mask = read_mask(path)
    except UserError as error:
        yield str(error)
        return
    if size is not None and mask.shape != size:
        yield (
            f"mask {path} is {_in_words(mask.shape)} but its image {_in_words(size)}: "
            "make them equal"
        )
    present = np.unique(mask)
    unknown = present[(present > class_count) & (present != IGNORE)].tolist()
    if unknown:
        yield (
            f"mask {path} has ids {', '.join(map(str, unknown))} beyond the {class_count} "
            f"classes: use 0 to {class_count}, and {IGNORE} for ignored pixels"
        )


def _in_words(size: tuple[int, ...]) -> str:
    height, width = size
    return f"{width} pixels wide and {height} high"
