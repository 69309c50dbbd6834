"""Scores as tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urn.datasets.index import BACKGROUND


def class_iou(classes: Sequence[str], iou: np.ndarray) -> pd.DataFrame:
    """Every class with its IoU in per cent, rounded to two digits.

    Args:
        classes: names of the K foreground classes.
        iou: K+1 values in [0, 1], the background's first; NaN for a class that was not met.
    """
    return pd.DataFrame({"class": [BACKGROUND, *classes], "iou": np.round(100 * iou, 2)})
