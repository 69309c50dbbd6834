"""Measures of uncertainty: response scaling, and others to compare it with.

Each is a function measure(image, response, labels, variance, backend, **settings) -> uncertainty:

    image: H×W×3 uint8 RGB.
    response: K×H×W float32, the averaged softmax; classes that are nowhere likely may be missing.
    labels: the K class ids of the response, ascending.
    variance: H×W float32, see `urn.segmentation.inference.predict_with_variance`.
    backend: see `urn.crf.DenseCRF`.
    settings: the measure's own.
    uncertainty: H×W float32 in [0, 1].
"""

from collections.abc import Sequence

import numpy as np

from urn.refinement import crf_mask
from urn.uncertainty import normalised, response_scaling


def scaled_response(
    image: np.ndarray,
    response: np.ndarray,
    labels: np.ndarray,
    variance: np.ndarray,
    backend: str,
    scales: Sequence[float],
) -> np.ndarray:
    """The paper's U, see `urn.uncertainty.response_scaling`."""
    return response_scaling(image, response, scales, labels, backend).uncertainty


def improbability(
    image: np.ndarray, response: np.ndarray, labels: np.ndarray, variance: np.ndarray, backend: str
) -> np.ndarray:
    """1 − the response at the label of the cyclic mask."""
    winners = crf_mask(image, response, backend=backend).astype(np.intp)
    return normalised(1 - np.take_along_axis(response, winners[None], axis=0)[0])


def entropy(
    image: np.ndarray, response: np.ndarray, labels: np.ndarray, variance: np.ndarray, backend: str
) -> np.ndarray:
    """The entropy of the response."""
    return normalised(-(response * np.log(np.maximum(response, 1e-12))).sum(axis=0))


def tta_variance(
    image: np.ndarray, response: np.ndarray, labels: np.ndarray, variance: np.ndarray, backend: str
) -> np.ndarray:
    """How much the sizes and mirror images of test-time augmentation disagree."""
    return normalised(variance)
