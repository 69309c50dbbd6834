"""The dense CRF parameters that the published results use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CRFParameters:
    """Widths and weights of a dense CRF's two kernels, and the number of iterations.

    Attributes:
        gaussian: position width in pixels, weight (compatibility).
        bilateral: position width in pixels, colour width on the 0-255 scale, weight.
        iterations: mean-field iterations.
    """

    gaussian: tuple[float, float]
    bilateral: tuple[float, float, float]
    iterations: int = 10


# In PPMG, on one class's activation map and its background.
PPMG_CRF = CRFParameters(gaussian=(3, 10), bilateral=(80, 13, 10))

# On the activation maps of all classes together: refiner `crf`, rough masks, AffinityNet's labels.
CAM_CRF = CRFParameters(gaussian=(3, 3), bilateral=(80, 13, 10))

# On a segmentation model's softmax: cyclic masks, response scaling, test time.
SEGMENTATION_CRF = CRFParameters(gaussian=(1, 3), bilateral=(67, 3, 4))
