"""The images to correct first, as a page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from urn.datasets.index import Entry
from urn.figures.style import heat_over
from urn.files.images import read_image
from urn.report.parts import LONGEST, card, cards, paragraph, picture, write_page
from urn.selection import Selected
from urn.working_size import nearest

ABOUT = (
    "The training images whose correction promises most, the first before the others: those with a "
    "large uncertain area (bright) and rare classes, spread over the classes. Correct them in any "
    "tool, and name the folder of their masks as the dataset's corrections."
)
NOTHING = "No training image with a tag has an uncertain pixel: there is nothing to begin with."


def write_selection_page(
    path: str | Path,
    dataset: str,
    selected: Sequence[Selected],
    images: Iterable[tuple[Entry, np.ndarray]],
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        dataset: its name.
        selected: the images, in order.
        images: of each, what the index says, and its weight mask, H×W uint8.

    Raises:
        UserError: an image cannot be read.
    """
    rows = zip(selected, images, strict=True)
    texts = (_card(n, of, *image) for n, (of, image) in enumerate(rows, start=1))
    parts = [paragraph(ABOUT), cards(texts)] if selected else [paragraph(NOTHING)]
    write_page(path, f"What to correct next of {dataset}", parts)


def _card(number: int, of: Selected, entry: Entry, weight: np.ndarray) -> str:
    image = read_image(entry.image, LONGEST)
    reasons = f"uncertain {100 * (1 - weight.mean() / 255):.0f} %, rarity {of.rarity:.1f}"
    shown = heat_over(image, 1 - nearest(weight, image.shape[:2]) / 255)
    text = f"{number}. {entry.id}: {reasons}"
    return card(text, pictures=[picture(shown, ", ".join(entry.tags))])
