"""Other measures of uncertainty than response scaling, to compare it with."""

from collections.abc import Callable

import numpy as np

from urn.refinement import crf_mask

# measure(image, response, variance, backend) -> H×W float32, the larger the less certain.
#   image: H×W×3 uint8 RGB.
#   response: K×H×W, the averaged softmax; classes that are nowhere likely may be missing.
#   variance: H×W, see `urn.segmentation.inference.predict_with_variance`.
#   backend: see `urn.crf.DenseCRF`.
Measure = Callable[[np.ndarray, np.ndarray, np.ndarray, str], np.ndarray]


def improbability(
    image: np.ndarray, response: np.ndarray, variance: np.ndarray, backend: str = "auto"
) -> np.ndarray:
    """1 − the response at the label of the cyclic mask."""
    winners = crf_mask(image, response, backend=backend).astype(np.intp)
    return 1 - np.take_along_axis(response, winners[None], axis=0)[0]


def entropy(
    image: np.ndarray, response: np.ndarray, variance: np.ndarray, backend: str = "auto"
) -> np.ndarray:
    """The entropy of the response, in nats."""
    return -(response * np.log(np.maximum(response, 1e-12))).sum(axis=0)


def tta_variance(
    image: np.ndarray, response: np.ndarray, variance: np.ndarray, backend: str = "auto"
) -> np.ndarray:
    """How much the sizes and mirror images of test-time augmentation disagree."""
    return variance


METHODS: dict[str, Measure] = {
    "probability": improbability,
    "entropy": entropy,
    "tta_variance": tta_variance,
}
