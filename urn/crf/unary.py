"""The unary energy that every backend starts from: −log of a probability."""

import numpy as np

LEAST_PROBABILITY = 1e-5


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """log of float32 probabilities clipped to [1e-5, 1], as a new array of the same shape."""
    logarithms = np.clip(probabilities, LEAST_PROBABILITY, 1.0)
    return np.log(logarithms, out=logarithms)
