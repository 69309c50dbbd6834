import numpy as np
import pydensecrf.densecrf as dcrf
from pydensecrf.utils import unary_from_softmax


def plain_crf(image, probabilities, parameters):
    """Marginals as everyone computes them: a new pydensecrf object for one field."""
    height, width, _ = image.shape
    crf = dcrf.DenseCRF2D(width, height, len(probabilities))
    crf.setUnaryEnergy(np.ascontiguousarray(unary_from_softmax(probabilities)))
    sxy, compat = parameters.gaussian
    crf.addPairwiseGaussian(sxy=sxy, compat=compat)
    sxy, srgb, compat = parameters.bilateral
    crf.addPairwiseBilateral(sxy=sxy, srgb=srgb, rgbim=image.copy(), compat=compat)
    return np.array(crf.inference(parameters.iterations)).reshape(probabilities.shape)
