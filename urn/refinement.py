"""From class activation maps, or a model's softmax, to masks that follow the image's edges."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from urn.cams import of_each_class, stacked, with_background
from urn.crf import CAM_CRF, PPMG_CRF, SEGMENTATION_CRF, CRFParameters, DenseCRF
from urn.files.images import IGNORE


def crf_mask(
    image: np.ndarray,
    probabilities: np.ndarray,
    labels: Sequence[int] | np.ndarray | None = None,
    parameters: CRFParameters = SEGMENTATION_CRF,
    backend: str = "auto",
) -> np.ndarray:
    """The most probable label of every pixel after a dense CRF.

    Args:
        image: H×W×3 uint8 RGB.
        probabilities: K×H×W, floating point, not negative.
        labels: the K class ids of the channels; 0 … K−1 where not given.
        parameters: the CRF's kernels and iterations.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        H×W uint8 class ids.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    probabilities = np.asarray(probabilities)
    if probabilities.ndim != 3:
        raise ValueError(f"probabilities must be K×H×W, got {probabilities.shape}")
    ids = np.arange(len(probabilities)) if labels is None else np.asarray(labels)
    if ids.shape != (len(probabilities),):
        raise ValueError(f"{len(probabilities)} channels need as many labels, got {ids.shape}")
    crf = DenseCRF(image, parameters.gaussian, parameters.bilateral, backend)
    return ids.astype(np.uint8)[crf.masks(probabilities, parameters.iterations)]


def crf_refine(
    image: np.ndarray,
    cams: dict[int, np.ndarray],
    alpha: ArrayLike = 24,
    backend: str = "auto",
) -> np.ndarray:
    """Pseudo-mask by a dense CRF over all classes, with (1 − max CAM)^alpha as background.

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        alpha: the higher, the less background. One for each class, if not a number: (…, K) in
            the order of their ids, or (…, 1) for all; axes before these make as many masks.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        (…, H, W) uint8 class ids; all background where `cams` is empty.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    if not cams:
        return np.zeros((*np.shape(alpha)[:-1], *image.shape[:2]), dtype=np.uint8)
    ids, maps = stacked(image, cams)
    shape, alphas = of_each_class(alpha, len(ids))
    crf = DenseCRF(image, CAM_CRF.gaussian, CAM_CRF.bilateral, backend)
    masks = [crf.masks(with_background(maps, some), CAM_CRF.iterations) for some in alphas]
    return np.array([0, *ids], dtype=np.uint8)[np.stack(masks)].reshape(*shape, *image.shape[:2])


def agreed_mask(
    image: np.ndarray,
    cams: dict[int, np.ndarray],
    alphas: Sequence[float] = (4, 24),
    backend: str = "auto",
) -> np.ndarray:
    """What dense CRFs with a strong and a weak background agree on (AffinityNet, Ahn & Kwak 2018).

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        alphas: of the backgrounds, each as in `crf_refine`.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        H×W uint8 class ids, 255 where the CRFs disagree; all background where `cams` is empty.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    if not cams:
        return np.zeros(image.shape[:2], dtype=np.uint8)
    ids, maps = stacked(image, cams)
    fields = np.stack([with_background(maps, alpha) for alpha in alphas])
    crf = DenseCRF(image, CAM_CRF.gaussian, CAM_CRF.bilateral, backend)
    masks = crf.masks(fields, CAM_CRF.iterations)
    agreed = (masks == masks[0]).all(axis=0)
    return np.where(agreed, np.array([0, *ids], dtype=np.uint8)[masks[0]], np.uint8(IGNORE))


def confident_mask(
    image: np.ndarray,
    cams: dict[int, np.ndarray],
    alpha: float = 24,
    confidence: float = 0.9,
    backend: str = "auto",
) -> np.ndarray:
    """The pixels of whose class a dense CRF on the CAMs is confident (PMM, Li et al. 2021).

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        alpha: the higher, the less background.
        confidence: the marginal that a pixel's class must exceed, at least 0.5.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        H×W uint8 class ids, 255 where no marginal is so high; all background where `cams` is empty.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    if not cams:
        return np.zeros(image.shape[:2], dtype=np.uint8)
    ids, maps = stacked(image, cams)
    crf = DenseCRF(image, CAM_CRF.gaussian, CAM_CRF.bilateral, backend)
    marginals = crf.inference(with_background(maps, alpha), CAM_CRF.iterations)
    winners = np.array([0, *ids], dtype=np.uint8)[marginals.argmax(axis=0)]
    return np.where(marginals.max(axis=0) > confidence, winners, np.uint8(IGNORE))


def ppmg(
    image: np.ndarray,
    cams: dict[int, np.ndarray],
    alpha: ArrayLike = 11,
    cam_threshold: float = 0.05,
    cv_scale: float = 0.3,
    backend: str = "auto",
) -> np.ndarray:
    """Pseudo-mask by proportional pseudo-mask generation (PMM, Li et al. 2021).

    Every class is smoothed by its coefficient of variation and told from background by its own
    two-label CRF. Where classes meet, the one with the larger share of its own area's response
    wins, so that small objects survive beside large ones.

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        alpha: the higher, the less background. One for each class, if not a number: (…, K) in
            the order of their ids, or (…, 1) for all; axes before these make as many masks.
        cam_threshold: activations below it count as none.
        cv_scale: strength of the smoothing; 0 is none.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        (…, H, W) uint8 class ids; all background where `cams` is empty.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    if not cams:
        return np.zeros((*np.shape(alpha)[:-1], *image.shape[:2]), dtype=np.uint8)
    ids, maps = stacked(image, cams)
    shape, alphas = of_each_class(alpha, len(ids))
    crf = DenseCRF(image, PPMG_CRF.gaussian, PPMG_CRF.bilateral, backend)
    areas = [
        _areas(crf, _smooth(cam, cam_threshold, cv_scale), some)
        for cam, some in zip(maps, alphas.T, strict=True)
    ]
    masks = np.stack([_proportional(together, maps) for together in np.stack(areas, axis=1)])
    return np.array([0, *ids], dtype=np.uint8)[masks].reshape(*shape, *image.shape[:2])


def _areas(crf: DenseCRF, cam: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Where a two-label CRF tells a class from background at each of N alphas, N×H×W."""
    background = (1 - cam) ** alphas[:, None, None]
    fields = np.stack([background, np.broadcast_to(cam, background.shape)], axis=1)
    return crf.masks(fields, PPMG_CRF.iterations) == 1


def _proportional(areas: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """The place of each pixel's class, 0 for background, of K×H×W areas and CAMs."""
    inside = areas * maps
    winners = np.zeros(maps.shape[1:], np.uint8)
    largest = np.zeros(maps.shape[1:], np.float32)
    for place, (own, total) in enumerate(zip(inside, inside.sum(axis=(1, 2)), strict=True), 1):
        share = own / (1 + total)
        np.putmask(winners, share > largest, np.uint8(place))  # of equals the first
        np.maximum(largest, share, out=largest)
    return winners


def _smooth(cam: np.ndarray, threshold: float, scale: float) -> np.ndarray:
    """Lift an uneven CAM: raised to 1 − scale · (std / mean) of its active part, else zero."""
    active = cam[cam > threshold]
    variation = scale * active.std() / (active + 1e-8).mean() if active.size else 0.0
    return np.where(cam < threshold, 0, cam) ** (1 - variation)
