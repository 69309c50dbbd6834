"""How well a mask follows the image: its normalised cut (Shi & Malik 2000) under the CRF's kernel.

The bilateral kernel of the dense CRF says which pixels belong together, so it can tell good masks
from bad ones without the truth.
"""

import numpy as np
from numpy.typing import ArrayLike

from urn.crf import PPMG_CRF, DenseCRF


def normalised_cut(
    image: np.ndarray,
    masks: ArrayLike,
    crf: DenseCRF | None = None,
    backend: str = "auto",
) -> np.ndarray:
    """The normalised cut of masks of one image: the less, the better they follow it.

    With A the bilateral kernel, normalised symmetrically, d = A·1 and m a mask,

        cut(m) = Σ (1 − m) · (A m),    ncut(m) = cut(m) / Σ m·d + cut(m) / Σ (1 − m)·d.

    One pass of the filter serves a mask; a CRF's iterations take ten for each label.

    Args:
        image: H×W×3 uint8 RGB.
        masks: (..., H, W), booleans or numbers in [0, 1].
        crf: of the same image, to use its lattice; the kernel's weight does not matter. Where not
            given, one with the widths for refinement is made.
        backend: of the CRF that is made; see `urn.crf.DenseCRF`.

    Returns:
        (...) float64 in [0, 2]; 1 for a mask that is empty or full.

    Raises:
        ValueError: shapes or types are wrong, values are outside [0, 1], or the CRF's bilateral
            kernel has no weight.
    """
    masks = np.asarray(masks, dtype=np.float32)
    least, most = masks.min(axis=(-2, -1)), masks.max(axis=(-2, -1))
    if not ((least >= 0) & (most <= 1)).all():  # NaN fails, too
        raise ValueError("masks must be booleans or in [0, 1]")
    if crf is None:
        crf = DenseCRF(image, PPMG_CRF.gaussian, PPMG_CRF.bilateral, backend)
    degrees = crf.bilateral(np.ones(image.shape[:2], np.float32))
    if not degrees.any():
        raise ValueError("the CRF's bilateral kernel has no weight")
    reached = crf.bilateral(masks)
    cut = _sum(reached.sum(axis=-1)) - _product(masks, reached)
    inside = _product(masks, degrees)
    outside = _sum(degrees.sum(axis=-1)) - inside
    parted = (most > 0) & (least < 1)
    inside, outside = np.where(parted, inside, 1), np.where(parted, outside, 1)
    return np.where(parted, cut / inside + cut / outside, 1.0)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum over pixels of a · b."""
    return _sum(np.einsum("...w,...w->...", a, b))


def _sum(rows: np.ndarray) -> np.ndarray:
    """The sum of rows' sums, in double precision."""
    return rows.sum(axis=-1, dtype=np.float64)
