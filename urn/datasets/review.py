"""What people said of images in the gallery: the table that it downloads."""

from collections.abc import Collection
from pathlib import Path

from urn.datasets.ids import require, table_cells

COLUMNS = ("image", "verdict")
REJECT = "reject"
VERDICTS = ("accept", REJECT, "needs work")


def rejected(path: str | Path, ids: Collection[str]) -> set[str]:
    """The ids of rejected images.

    Args:
        path: a CSV with the columns `image` (an id) and `verdict` (accept, reject or needs work).
        ids: of all images that there are.

    Raises:
        UserError: the table cannot be read, or a line names another image or verdict.
    """
    found: set[str] = set()
    faults: list[tuple[int, str]] = []
    for line, cells in table_cells(path, COLUMNS):
        image_id, verdict = cells["image"].strip(), cells.get("verdict", "").strip()
        if image_id not in ids:
            faults.append((line, f"image {image_id!r} is not in the dataset: drop the line"))
        if verdict not in VERDICTS:
            faults.append((line, f"verdict {verdict!r}: write {' or '.join(VERDICTS)}"))
        if verdict == REJECT:
            found.add(image_id)
    require(path, faults)
    return found
