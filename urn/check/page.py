"""The check of a dataset as a page: its images, its tags, and what to do about them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from urn.check.facts import Facts
from urn.check.remarks import FEW, Remark, images_of_classes
from urn.datasets.index import Index
from urn.files.images import read_image
from urn.report.parts import LONGEST, bars, card, heading, paragraph, picture, table, write_page

SHOWN = 20  # remarks of a topic; the table has all
PICTURES = 4  # of a remark

AFTERWARDS = (
    '<p>A whole run adds <a href="tags.html">tags.html</a>: the tags that its classifier '
    "contradicts.</p>"
)


def write_check_page(
    path: str | Path,
    dataset: str,
    index: Index,
    facts: Mapping[str, Facts],
    found: Sequence[Remark],
    tags_later: bool,
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        dataset: its name.
        index: its images.
        facts: of every image of train and val, by id.
        found: of `urn.check.remarks.remarks`.
        tags_later: whether a whole run adds a page on tags beside this one.

    Raises:
        UserError: an image that is to be shown cannot be read.
    """
    counts = images_of_classes(index)
    parts = [
        paragraph("Every image, mask and tag could be read. " + _in_all(found)),
        *_remarks(index, found),
        heading("Train images of every class"),
        bars(counts, marked=[name for name, count in counts.items() if count < FEW]),
        heading("Images"),
        _sizes(index, facts),
        paragraph("Widths and heights are in pixels: the least, the median, the greatest."),
    ]
    write_page(path, f"Check of {dataset}", parts + [AFTERWARDS] * tags_later)


def _in_all(found: Sequence[Remark]) -> str:
    if not found:
        return "There is nothing to remark."
    return f"There {'is' if len(found) == 1 else 'are'} {len(found)} to look at:"


def _remarks(index: Index, found: Sequence[Remark]) -> Iterator[str]:
    for topic, of_topic in groupby(found, key=lambda remark: remark.topic):
        remarks = list(of_topic)
        yield heading(f"{topic[:1].upper()}{topic[1:]} ({len(remarks)})")
        for remark in remarks[:SHOWN]:
            pictures = [
                picture(read_image(index[image].image, LONGEST), image)
                for image in remark.images[:PICTURES]
            ]
            yield card(remark.text, remark.remedy, pictures)
        if len(remarks) > SHOWN:
            yield paragraph(f"{len(remarks) - SHOWN} more are in tables/check.tsv.")


def _sizes(index: Index, facts: Mapping[str, Facts]) -> str:
    """A column for every split: numbers, and sizes from the least over the median to the greatest.

    Few columns, so that a phone shows them.
    """
    columns = {"": ["images", "tags of an image", "width", "height"]}
    for split in ("train", "val"):
        entries = index.split(split)
        if not entries:
            continue
        of_split = [facts[entry.id] for entry in entries]
        tags = np.mean([len(entry.tags) for entry in entries])
        sides = ([of.width for of in of_split], [of.height for of in of_split])
        ranges = [f"{min(side)} … {np.median(side):.0f} … {max(side)}" for side in sides]
        columns[split] = [str(len(entries)), f"{tags:.1f}", *ranges]
    return table(list(columns), zip(*columns.values(), strict=True))
