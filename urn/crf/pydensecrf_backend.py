"""Dense CRF by pydensecrf, the reference implementation: one core, one field at a time."""

import numpy as np
import pydensecrf.densecrf as dcrf

from urn.crf.unary import log_probabilities


class Engine:
    """See `urn.crf.dense_crf.Engine`.

    A pydensecrf object has lattices and a fixed number of labels, so there is one object per label
    count, created on first use; fields with equal label count share it.
    """

    def __init__(
        self,
        image: np.ndarray,
        gaussian: tuple[float, float],
        bilateral: tuple[float, float, float],
        threads: int,
        memory: int,
    ) -> None:
        """Take the image and kernels; `threads` and `memory` are ignored."""
        self._image, self._gaussian, self._bilateral = image, gaussian, bilateral
        self._crfs: dict[int, dcrf.DenseCRF2D] = {}

    def inference(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """Marginals of each field in turn."""
        labels = fields.shape[1]
        crf = self._crf(labels)
        marginals = np.empty_like(fields)
        for field, result in zip(fields, marginals.reshape(len(fields), labels, -1), strict=True):
            # Replaces the previous field's energy; inference keeps no other state.
            crf.setUnaryEnergy(-log_probabilities(field).reshape(labels, -1))
            result[:] = crf.inference(iterations)
        return marginals

    def masks(self, fields: np.ndarray, iterations: int) -> np.ndarray:
        """The likeliest labels of each field in turn."""
        return np.stack([self.inference(f[None], iterations)[0].argmax(0) for f in fields]).astype(
            np.uint8
        )

    def bilateral(self, values: np.ndarray) -> np.ndarray:
        """As the Numba backend filters: the package gives no access to its own filter."""
        from urn.crf.numba_backend import Engine as Numba

        return Numba(self._image, self._gaussian, self._bilateral, 1, 0).bilateral(values)

    def _crf(self, labels: int) -> dcrf.DenseCRF2D:
        if labels not in self._crfs:
            height, width = self._image.shape[:2]
            crf = dcrf.DenseCRF2D(width, height, labels)
            kernel = {"kernel": dcrf.DIAG_KERNEL, "normalization": dcrf.NORMALIZE_SYMMETRIC}
            sxy, compat = self._gaussian
            crf.addPairwiseGaussian(sxy=sxy, compat=compat, **kernel)
            sxy, srgb, compat = self._bilateral
            crf.addPairwiseBilateral(sxy=sxy, srgb=srgb, rgbim=self._image, compat=compat, **kernel)
            self._crfs[labels] = crf
        return self._crfs[labels]
