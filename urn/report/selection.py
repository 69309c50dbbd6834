"""The images to correct first, as a page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from urn.datasets.index import Entry
from urn.figures.style import heat_over
from urn.files.images import read_image, read_made
from urn.report.parts import LONGEST, card, cards, paragraph, picture, write_page
from urn.selection import Selected
from urn.working_size import nearest

ABOUT = (
    "The training images whose correction promises most, the first before the others: those with a "
    "large uncertain area (bright) and rare classes, spread over the classes. Correct them in any "
    "tool, and give the folder of their masks to the dataset as `corrections`."
)


def write_selection_page(
    path: str | Path,
    dataset: str,
    entries: Sequence[Entry],
    weights: Sequence[str | Path],
    uncertainty: Sequence[float],
    selected: Sequence[Selected],
) -> None:
    """Write the page.

    Args:
        path: the HTML file.
        dataset: its name.
        entries: the images that were to choose from.
        weights: the weight mask of each.
        uncertainty: of each, in [0, 1].
        selected: of them, in order.

    Raises:
        UserError: an image or a weight mask cannot be read.
    """

    def each() -> Iterator[str]:
        for number, of in enumerate(selected, start=1):
            entry = entries[of.position]
            image = read_image(entry.image, LONGEST)
            weight = nearest(read_made(weights[of.position]), image.shape[:2])
            reasons = f"uncertain {100 * uncertainty[of.position]:.0f} %, rarity {of.rarity:.1f}"
            shown = picture(heat_over(image, 1 - weight / 255), ", ".join(entry.tags))
            yield card(f"{number}. {entry.id}: {reasons}", pictures=[shown])

    parts = [paragraph(ABOUT), cards(each())]
    write_page(path, f"What to correct next of {dataset}", parts)
