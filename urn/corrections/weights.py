"""Weight masks as they count once images are corrected."""

from pathlib import Path

import numpy as np

from urn.corrections.apply import trusted
from urn.files.images import read_made


def read_weight(path: str | Path, correction: str | Path | None) -> np.ndarray:
    """Read a weight mask, H×W uint8, with full weight where its image's correction says something.

    Args:
        path: the weight mask.
        correction: class ids, 255 = as it was; None where there is none.

    Raises:
        UserError: a file cannot be read, or they are not of one size.
    """
    weight = read_made(path)
    return weight if correction is None else trusted(weight, read_made(correction, weight.shape))
