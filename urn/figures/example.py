"""The image that figures explain the method with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Example:
    """An image, and a model's response to it.

    Attributes:
        image: H×W×3 uint8 RGB.
        response: K×H×W, the model's averaged softmax.
        labels: the K class ids of the response, uint8, ascending.
        truth: H×W uint8 class ids, 255 = ignore; None where it is not known.
        names: of all classes, background first.
    """

    image: np.ndarray
    response: np.ndarray
    labels: np.ndarray
    truth: np.ndarray | None
    names: Sequence[str]
