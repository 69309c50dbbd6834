"""Which alpha a refiner is given, chosen by how well its masks follow the images, not by truth.

A mask costs its normalised cut (`urn.cut`), which is small where its edge is the image's, and its
area: between masks that follow the image equally well the smaller one is right more often, as
large areas are cut cheaply. A class's cost over all its images steadies the choice in one.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from urn.crf import PPMG_CRF, DenseCRF
from urn.cut import normalised_cut

AREA = 0.4  # what a mask of the whole image costs for its area
TRUST = 2  # how much the class's mean counts, in comparison with the image's own cost

# costs of an image's classes at every alpha, by class id
Costs = Mapping[int, np.ndarray]


def alpha_costs(
    image: np.ndarray,
    cams: Mapping[int, np.ndarray],
    alphas: Sequence[float],
    refine: Callable[..., np.ndarray],
    backend: str = "auto",
) -> dict[int, np.ndarray]:
    """The costs of every class of an image, refined alone with every alpha.

    Alone, as where classes meet, a class's area depends on the others' alphas, too.

    Args:
        image: H×W×3 uint8 RGB.
        cams: class id (1 … 254) -> H×W activation in [0, 1], for the classes in the image.
        alphas: A numbers.
        refine: a refiner's function, with its other arguments.
        backend: see `urn.crf.DenseCRF`.

    Returns:
        Class id -> A float64: the normalised cut plus `AREA` times the share of the pixels.

    Raises:
        ValueError: shapes, types or ranges are wrong.
    """
    crf = DenseCRF(image, PPMG_CRF.gaussian, PPMG_CRF.bilateral, backend)
    each = np.asarray(alphas)[:, None]
    costs = {}
    for label, cam in cams.items():
        areas = refine(image, {label: cam}, alpha=each) == label
        costs[label] = normalised_cut(image, areas, crf) + AREA * areas.mean(axis=(1, 2))
    return costs


def class_costs(images: Mapping[str, Costs]) -> dict[int, np.ndarray]:
    """Every class's mean over its images, A numbers by class id, ascending."""
    found: dict[int, list[np.ndarray]] = {}
    for costs in images.values():
        for label, values in costs.items():
            found.setdefault(label, []).append(values)
    return {label: np.mean(found[label], axis=0) for label in sorted(found)}


def choose(images: Mapping[str, Costs], steps: int = 1) -> tuple[int, dict[str, dict[int, int]]]:
    """The dataset's alpha, and that of every class in every image.

    The dataset's has the least mean cost over all classes in all images. A class in an image has,
    among the alphas at most `steps` places from it, that of the least sum of its own cost and
    `TRUST` times its class's mean; of equals the nearest.

    Args:
        images: costs by image and class id, at the same A alphas, ascending.
        steps: 0 gives all the dataset's.

    Returns:
        Places in the list of alphas: the dataset's, and by image and class id.

    Raises:
        ValueError: there is no image with a class.
    """
    means = class_costs(images)
    if not means:
        raise ValueError("no image has a class: nothing to choose by")
    every = [values for costs in images.values() for values in costs.values()]
    common = int(np.mean(every, axis=0).argmin())
    places = range(max(common - steps, 0), min(common + steps + 1, len(every[0])))
    near = sorted(places, key=lambda place: abs(place - common))
    return common, {
        image: {
            label: near[int((values + TRUST * means[label])[near].argmin())]
            for label, values in costs.items()
        }
        for image, costs in images.items()
    }
