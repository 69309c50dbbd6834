"""How long a training is where its `iterations` are `auto`: by the number of images."""

from collections.abc import Mapping
from typing import Any

# Passes over the images, and the least number of iterations, which a few hundred images need.
EPOCHS = {"classification": 8, "affinity": 8, "segmentation": 10}
LEAST = {"classification": 600, "affinity": 600, "segmentation": 1000}
BUDGETS = {"fast": 0.5, "normal": 1.0, "thorough": 2.0}


def decided(settings: Mapping[str, Any], section: str, images: int, budget: str) -> dict[str, Any]:
    """A training's settings, its iterations a number.

    Args:
        settings: the section's, as they hold for the dataset.
        section: a key of `EPOCHS`.
        images: of train.
        budget: a key of `BUDGETS`.
    """
    if settings["iterations"] != "auto":
        return dict(settings)
    passes = EPOCHS[section] * images / settings["batch_size"]
    return dict(settings, iterations=round(BUDGETS[budget] * max(LEAST[section], passes)))
