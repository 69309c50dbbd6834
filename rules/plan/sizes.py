"""The sizes at which networks look at a dataset's images, where they are `auto`: by the images'."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

LEAST, MOST = 256, 512  # pixels of the longer side at which networks look at images
LOOKED_AT = 50  # images, at most: every process that plans reads their headers anew
SHARE = 0.625  # of that side: the least longer side of a training image, and about its crop


def typical(files: Sequence[str], working_size: int | str) -> tuple[int, int] | None:
    """Longer and shorter side of the median image as it is worked on, in pixels.

    By its longer side, among at most `LOOKED_AT` images spread evenly over the list.

    Returns:
        The sides; None if no image can be read, which the index will tell.
    """
    count = min(len(files), LOOKED_AT)
    found = (_sides(files[n * len(files) // count], working_size) for n in range(count))
    sides = sorted(pair for pair in found if pair)
    return sides[len(sides) // 2] if sides else None


def network_size(sides: tuple[int, int] | None) -> int:
    """The longer side, in pixels, at which networks look at images whose median has these sides."""
    return MOST if sides is None else min(max(sides[0], LEAST), MOST)


def decided(settings: Mapping[str, Any], section: str, side: Callable[[], int]) -> dict[str, Any]:
    """A section's settings, its sizes numbers.

    Args:
        settings: as they hold for the dataset.
        section: such as "classification"; one without such sizes keeps its settings.
        side: gives `network_size`, asked for only where it is needed.
    """
    rules = DECIDED.get(section, {})
    found = {key: rule(side()) for key, rule in rules.items() if settings[key] == "auto"}
    return dict(settings) | found


def _sides(file: str, working_size: Any) -> tuple[int, int] | None:
    # Plans without sizes to decide do without these.
    from pi_heif import register_heif_opener
    from PIL import Image

    from urn.working_size import working_shape

    register_heif_opener()
    try:
        with warnings.catch_warnings(action="ignore"):  # of very large ones
            if not Path(file).is_file():  # reading a pipe would block
                return None
            with Image.open(file) as image:
                shape = working_shape(*image.size, working_size)
    except Exception:  # on damaged files Pillow raises exceptions of any kind
        return None
    return max(shape), min(shape)


def _long_side(side: int) -> list[int]:
    return [round(SHARE * side), side]


def _multiple(of: int) -> Callable[[int], int]:
    return lambda side: of * round(SHARE * side / of)


DECIDED: Mapping[str, Mapping[str, Callable[[int], int | list[int]]]] = {
    "classification": {"long_side": _long_side, "crop": _multiple(32), "cam_size": int},
    "affinity": {"long_side": _long_side, "crop": _multiple(8)},
    "segmentation": {
        "resize": lambda side: [2 * side, round(SHARE * side)],
        "crop": _multiple(32),
    },
}
