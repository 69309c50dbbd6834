"""The refiner `affinity`: CAMs spread by a random walk."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike

from urn.affinity.network import AffinityNet
from urn.affinity.random_walk import enlarged, spread_maps
from urn.cams import of_each_class, stacked, with_background
from urn.files.models import load_for_inference


def affinity_refine(
    image: np.ndarray,
    cams: dict[int, np.ndarray],
    network: AffinityNet,
    alpha: ArrayLike = 16,
    beta: float = 8,
    log_t: int = 8,
) -> np.ndarray:
    """Pseudo-mask by a random walk between pixels of like class (AffinityNet, Ahn & Kwak 2018).

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        network: trained on the dataset, in evaluation mode.
        alpha: the higher, the less background: it is (1 − max CAM)^alpha. One for each class, if
            not a number: (…, K) in the order of their ids, or (…, 1) for all; axes before these
            make as many masks of one walk.
        beta: exponent of the affinities; the higher, the sooner the walk stops at an edge.
        log_t: the walk has 2^log_t steps.

    Returns:
        (…, H, W) uint8 class ids; all background where `cams` is empty.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    if not cams:
        return np.zeros((*np.shape(alpha)[:-1], *image.shape[:2]), dtype=np.uint8)
    ids, maps = stacked(image, cams)
    shape, alphas = of_each_class(alpha, len(ids))
    backgrounds = np.stack([with_background(maps, some)[0] for some in alphas])
    spread = spread_maps(image, np.concatenate([backgrounds, maps]), network, beta, log_t)
    masks = [
        enlarged(torch.cat([background[None], spread[len(backgrounds) :]]), image.shape[:2])
        for background in spread[: len(backgrounds)]
    ]
    return np.array([0, *ids], dtype=np.uint8)[np.stack(masks)].reshape(*shape, *image.shape[:2])


def load_network(path: str | Path) -> AffinityNet:
    """Read a trained network's file, for `affinity_refine`.

    Raises:
        UserError: the file is missing or not of its kind.
    """
    return load_for_inference(path, AffinityNet.from_meta)
