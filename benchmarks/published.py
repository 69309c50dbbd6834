"""The published way: pydensecrf with a new CRF object for every label field."""

from collections.abc import Sequence

import numpy as np
import pydensecrf.densecrf as dcrf
from pydensecrf.utils import unary_from_softmax

from urn.crf import PPMG_CRF, SEGMENTATION_CRF, CRFParameters


def plain_crf(
    image: np.ndarray, probabilities: np.ndarray, parameters: CRFParameters
) -> np.ndarray:
    """Marginals (L×H×W) of one field, as published code computes them."""
    height, width, _ = image.shape
    crf = dcrf.DenseCRF2D(width, height, len(probabilities))
    crf.setUnaryEnergy(np.ascontiguousarray(unary_from_softmax(probabilities)))
    sxy, compat = parameters.gaussian
    crf.addPairwiseGaussian(sxy=sxy, compat=compat)
    sxy, srgb, compat = parameters.bilateral
    crf.addPairwiseBilateral(sxy=sxy, srgb=srgb, rgbim=image.copy(), compat=compat)
    return np.array(crf.inference(parameters.iterations)).reshape(probabilities.shape)


def plain_response_scaling(
    image: np.ndarray, response: np.ndarray, scales: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mask (channel indices), uncertainty and weight, with a new CRF per class and scale."""

    def mask_of(probabilities: np.ndarray) -> np.ndarray:
        return plain_crf(image, probabilities, SEGMENTATION_CRF).argmax(axis=0)

    mask = mask_of(response)
    present = sorted(set(mask.ravel().tolist()))
    variances = []
    for channel in range(len(present)):
        hits = []
        for scale in scales:
            scaled = response[present].copy()
            scaled[channel] = scaled[channel] ** scale
            hits.append((mask_of(scaled) == channel).astype(float))
        variances.append(np.var(hits, axis=0))
    largest = np.max(variances, axis=0)
    uncertainty = (largest - largest.min()) / (largest.max() - largest.min() + 1e-6)
    return mask, uncertainty, np.floor(255 * (1 - uncertainty))


def plain_foreground(image: np.ndarray, cams: np.ndarray, alpha: float) -> np.ndarray:
    """Foreground of every class (K×H×W bool) by PPMG's two-label CRFs, each a new object."""
    return np.stack(
        [plain_crf(image, np.stack([(1 - cam) ** alpha, cam]), PPMG_CRF)[1] > 0.5 for cam in cams]
    )
