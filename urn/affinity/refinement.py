"""The refiner `affinity`: CAMs spread by a random walk."""

from pathlib import Path

import numpy as np

from urn.affinity.network import AffinityNet
from urn.affinity.random_walk import random_walk_mask
from urn.cams import stacked, with_background
from urn.files.models import load_for_inference


def affinity_refine(
    image: np.ndarray,
    cams: dict[int, np.ndarray],
    network: AffinityNet,
    alpha: float = 16,
    beta: float = 8,
    log_t: int = 8,
) -> np.ndarray:
    """Pseudo-mask by a random walk between pixels of like class (AffinityNet, Ahn & Kwak 2018).

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        network: trained on the dataset, in evaluation mode.
        alpha: the higher, the less background: it is (1 − max CAM)^alpha.
        beta: exponent of the affinities; the higher, the sooner the walk stops at an edge.
        log_t: the walk has 2^log_t steps.

    Returns:
        H×W uint8 class ids; all background where `cams` is empty.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    if not cams:
        return np.zeros(image.shape[:2], dtype=np.uint8)
    ids, maps = stacked(image, cams)
    return random_walk_mask(image, [0, *ids], with_background(maps, alpha), network, beta, log_t)


def load_network(path: str | Path) -> AffinityNet:
    """Read a trained network's file, for `affinity_refine`.

    Raises:
        UserError: the file is missing or not of its kind.
    """
    return load_for_inference(path, AffinityNet.from_meta)
