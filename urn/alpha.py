"""Which alpha a refiner is given, chosen by how well its masks follow the images, not by truth.

A mask's normalised cut (`urn.cut`) grows where its edge is not the image's. Averaged over a dataset
it is least near the alpha whose masks are best; for a single class of a single image it is a good
judge only among alphas near that one.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from urn.crf import PPMG_CRF, DenseCRF
from urn.cut import normalised_cut

# cuts of an image's classes at every alpha, by class id
Cuts = Mapping[int, np.ndarray]


def alpha_cuts(
    image: np.ndarray,
    cams: Mapping[int, np.ndarray],
    alphas: Sequence[float],
    refine: Callable[..., np.ndarray],
    backend: str = "auto",
) -> dict[int, np.ndarray]:
    """The normalised cuts of every class of an image, refined alone with every alpha.

    Alone, as where classes meet, a class's area depends on the others' alphas, too.

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        alphas: A numbers.
        refine: a refiner's function, with its other arguments.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        Class id -> A float64 in [0, 2]; 1 where the class has no pixel, or all.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    crf = DenseCRF(image, PPMG_CRF.gaussian, PPMG_CRF.bilateral, backend)
    each = np.asarray(alphas)[:, None]
    return {
        label: normalised_cut(image, refine(image, {label: cam}, alpha=each) == label, crf)
        for label, cam in cams.items()
    }


def class_cuts(images: Mapping[str, Cuts]) -> dict[int, np.ndarray]:
    """Every class's mean over its images, A numbers by class id, ascending."""
    found: dict[int, list[np.ndarray]] = {}
    for cuts in images.values():
        for label, values in cuts.items():
            found.setdefault(label, []).append(values)
    return {label: np.mean(found[label], axis=0) for label in sorted(found)}


def choose(images: Mapping[str, Cuts], steps: int = 1) -> tuple[int, dict[str, dict[int, int]]]:
    """The dataset's alpha, and that of every class in every image.

    The dataset's has the least cut, averaged over each class's images and then over classes, so
    that rare classes count as much as frequent ones. A class in an image has the alpha of the least
    cut among those at most `steps` places from it; the dataset's where it is as good as they.

    Args:
        images: cuts by image and class id, at the same A alphas, ascending.
        steps: 0 gives all the dataset's.

    Returns:
        Places in the list of alphas: the dataset's, and by image and class id.

    Raises:
        ValueError: there is no image with a class.
    """
    means = class_cuts(images)
    if not means:
        raise ValueError("no image has a class: nothing to choose by")
    common = int(np.mean(list(means.values()), axis=0).argmin())
    # the nearest first, as the first of equals is taken
    near = sorted(range(len(next(iter(means.values())))), key=lambda place: abs(place - common))
    near = [place for place in near if abs(place - common) <= steps]
    return common, {
        image: {label: near[int(values[near].argmin())] for label, values in cuts.items()}
        for image, cuts in images.items()
    }
