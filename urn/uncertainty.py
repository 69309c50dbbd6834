"""Response scaling: uncertainty is where a mask changes when a class's response is scaled.

Equation numbers are those of the URN paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from urn.crf import SEGMENTATION_CRF, DenseCRF

AT_ONCE = 8  # scaled responses per CRF call: they fill vectors of 8 numbers


@dataclass(frozen=True)
class ScaledResponse:
    """Result of response scaling for one image.

    Attributes:
        mask: the cyclic pseudo-mask M_c, H×W uint8 class ids.
        uncertainty: U, H×W float32 in [0, 1] (eq. 10).
        weight: W = 1 − U as floor(255·W), H×W uint8 (eq. 11).
        labels: the ids in `mask`, ascending.
    """

    mask: np.ndarray
    uncertainty: np.ndarray
    weight: np.ndarray
    labels: tuple[int, ...]


def response_scaling(
    image: np.ndarray,
    response: np.ndarray,
    scales: Sequence[float],
    labels: Sequence[int] | np.ndarray | None = None,
    backend: str = "auto",
) -> ScaledResponse:
    """Cyclic mask and uncertainty of a segmentation model's response (eq. 4-11).

    For every class in the cyclic mask (eq. 5) and every scale s, the class's channel is raised to
    the power s (eq. 6) and the CRF makes a mask of the result (eq. 7, 8). A pixel's uncertainty is
    the variance over s of "the pixel is this class" (eq. 9 on this 0/1 indicator, not on label
    indices), for the class that varies most, normalised over the image (eq. 10).

    Args:
        image: H×W×3 uint8 RGB.
        response: C×H×W, the model's averaged softmax at the image's size.
        scales: two or more exponents; below 1 widens the response, above 1 narrows it.
        labels: class ids of the channels, ascending, if only some are kept (see
            `urn.segmentation.channels.select_channels`); by default 0 … C−1.
        backend: see `urn.crf.DenseCRF`.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    response = np.asarray(response)
    ids = np.arange(len(response)) if labels is None else np.asarray(labels)
    if response.ndim != 3 or ids.shape != (len(response),):
        raise ValueError(
            f"response must be C×H×W with one label per channel, got {response.shape} "
            f"and labels {ids.shape}"
        )
    exponents = np.asarray(scales, dtype=np.float32)
    if exponents.ndim != 1 or len(exponents) < 2 or not (exponents > 0).all():
        raise ValueError(f"scales must be two or more positive numbers, got {scales}")
    response = response.astype(np.float32, copy=False)

    crf = DenseCRF(image, SEGMENTATION_CRF.gaussian, SEGMENTATION_CRF.bilateral, backend)
    winners = crf.masks(response, SEGMENTATION_CRF.iterations)
    present = np.unique(winners)
    variance = _label_variance(crf, response[present], exponents)

    uncertainty = normalised(variance)
    return ScaledResponse(
        mask=ids.astype(np.uint8)[winners],
        uncertainty=uncertainty,
        weight=weight_mask(uncertainty),
        labels=tuple(ids[present].tolist()),
    )


def known_background(shape: tuple[int, int]) -> ScaledResponse:
    """The same, without a response, of an image (H, W) that is known to show no class."""
    none = np.zeros(shape, np.float32)
    return ScaledResponse(none.astype(np.uint8), none, weight_mask(none), labels=(0,))


def normalised(variance: np.ndarray) -> np.ndarray:
    """Uncertainty in [0, 1]: 0 where the variance is least, near 1 where it is largest (eq. 10).

    It serves any other measure that grows with the uncertainty, too.
    """
    above = variance - variance.min()
    return above / (above.max() + np.float32(1e-6))


def weight_mask(uncertainty: np.ndarray) -> np.ndarray:
    """W = 1 − U as floor(255·W), H×W uint8 (eq. 11)."""
    return np.floor(255 * (1 - uncertainty)).astype(np.uint8)


def _label_variance(crf: DenseCRF, response: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Variance over the scales of "the pixel is this class", largest over classes; H×W float32.

    A few scaled responses are processed at a time, so that memory does not grow with the number of
    classes and scales.
    """
    largest = np.zeros(response.shape[1:], dtype=np.float32)
    classes, scales = len(response), len(exponents)
    if classes == 1:  # with one label nothing can change
        return largest
    kept = np.zeros((classes, *largest.shape), dtype=np.uint16)  # scales that keep the class
    changes = list(product(range(classes), exponents))
    for first in range(0, len(changes), AT_ONCE):
        some = changes[first : first + AT_ONCE]
        fields = np.repeat(response[None], len(some), axis=0)
        for field, (channel, exponent) in zip(fields, some, strict=True):
            field[channel] **= exponent
        masks = crf.masks(fields, SEGMENTATION_CRF.iterations)
        for mask, (channel, _) in zip(masks, some, strict=True):
            kept[channel] += mask == channel
    for count in kept:
        share = count / np.float32(scales)
        np.maximum(largest, share * (1 - share), out=largest)
    return largest
