"""The sizes of an image at which its CAMs are made."""

from collections.abc import Sequence


def factors(scales: Sequence[float], cam_size: int | None, size: tuple[int, int]) -> list[float]:
    """Scales as factors of an image's own size.

    Args:
        scales: relative to `cam_size`.
        cam_size: pixels of the image's longer side at scale 1; None: those that it has.
        size: its height and width.
    """
    own = 1.0 if cam_size is None else cam_size / max(size)
    return [scale * own for scale in scales]
