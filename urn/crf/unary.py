"""The unary energy that every backend starts from."""

import numpy as np

LEAST_PROBABILITY = 1e-5


def unary_energy(probabilities: np.ndarray) -> np.ndarray:
    """−log of float32 probabilities clipped to [1e-5, 1], a new array of the same shape."""
    energy = np.clip(probabilities, LEAST_PROBABILITY, 1.0)
    np.log(energy, out=energy)
    return np.negative(energy, out=energy)
