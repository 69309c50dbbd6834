"""Tags that the classifier contradicts, as a page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from urn.check.doubts import Doubt
from urn.datasets.index import Entry, Index
from urn.files.images import read_image
from urn.report.parts import LONGEST, card, cards, paragraph, picture, write_page

SHOWN = 60  # doubts; the table has all

ABOUT_TRAIN = (
    "The classifier has learned from the tags of train and may know their mistakes by heart: what "
    "it contradicts all the same deserves a look, what it agrees with is not proved right. It has "
    "not seen val."
)


def write_tags_page(
    path: str | Path, dataset: str, index: Index, entries: Sequence[Entry], found: Sequence[Doubt]
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        dataset: its name.
        index: with its classes.
        entries: the images, as the doubts count them.
        found: the doubts, the strongest first.

    Raises:
        UserError: an image that is to be shown cannot be read.
    """
    number = f"{len(found) or 'no'} tag{'s' * (len(found) != 1)}"
    parts = [
        paragraph(f"The classifier contradicts {number} of {len(entries)} images."),
        paragraph(ABOUT_TRAIN),
        cards(_cards(index, entries, found[:SHOWN])),
    ]
    if len(found) > SHOWN:
        parts.append(paragraph(f"{len(found) - SHOWN} more are in tables/doubted_tags.tsv."))
    write_page(path, f"Doubted tags of {dataset}", parts)


def _cards(index: Index, entries: Sequence[Entry], found: Sequence[Doubt]) -> Iterator[str]:
    for doubt in found:
        entry, name = entries[doubt.position], index.classes[doubt.column]
        text = f"{name}: {'tagged' if doubt.tagged else 'no tag'}, score {doubt.score:.2f}"
        shown = picture(
            read_image(entry.image, LONGEST), f"{entry.id} ({entry.split}): {', '.join(entry.tags)}"
        )
        yield card(text, remedy(doubt, name), [shown])


def remedy(doubt: Doubt, name: str) -> str:
    """What to do about a doubt on the class of this name."""
    if doubt.tagged:
        return f"take the tag {name} away, unless it is there"
    return f"add the tag {name}, if it is there"
