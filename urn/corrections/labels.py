"""What the labels of a drawing tool are called, and the ids they become in a correction."""

from collections.abc import Sequence

from urn.datasets.index import BACKGROUND
from urn.files.images import IGNORE

IGNORED = "ignored"


def label_ids(classes: Sequence[str]) -> dict[str, int]:
    """Ids by name: 0 for the background, the classes' own, 255 for `ignored`.

    Args:
        classes: names of the foreground classes, in the order of their ids; "" where one has none.
    """
    numbered = {name: number for number, name in enumerate(classes, start=1) if name}
    return {BACKGROUND: 0, IGNORED: IGNORE} | numbered
