"""Files of one score: a number and, after a tab, what it is."""

from pathlib import Path

from urn.errors import UserError
from urn.files.atomic import atomic_path


def write_score(path: str | Path, value: float, what: str) -> None:
    """Write a score, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(f"{value:.2f}\t{what}\n", encoding="utf-8")


def read_score(path: str | Path) -> tuple[float, str]:
    """Read what `write_score` wrote.

    Raises:
        UserError: it is no such file.
    """
    try:
        number, what = Path(path).read_text(encoding="utf-8").strip().split("\t")
        return float(number), what
    except (OSError, ValueError):
        reason = "it holds no number"
        raise UserError(
            f"score {path} cannot be used ({reason}): delete it and run again"
        ) from None


def folder_of(mask: str, image_id: str) -> str:
    """Where an image's mask lies, apart from the subfolders that its id names."""
    return mask.removesuffix(f"/{image_id}.png")
