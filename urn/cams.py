"""The CAMs of an image as one array, as all refiners take them."""

import numpy as np
from numpy.typing import ArrayLike


def stacked(image: np.ndarray, cams: dict[int, np.ndarray]) -> tuple[list[int], np.ndarray]:
    """Ascending class ids and their maps, K×H×W float32.

    Args:
        image: H×W×3.
        cams: class id (1 … 254) -> H×W activation in [0, 1]; at least one.

    Raises:
        ValueError: shapes, ids or ranges are wrong.
    """
    ids = sorted(cams)
    if not 1 <= ids[0] <= ids[-1] <= 254:
        raise ValueError(f"class ids of CAMs must lie in 1 … 254, got {ids}")
    for class_id in ids:
        cam = np.asarray(cams[class_id])
        if cam.shape != image.shape[:2]:
            raise ValueError(f"CAM of class {class_id} is {cam.shape}, image {image.shape[:2]}")
        # A NaN makes both false.
        if not (cam.min() >= 0 and cam.max() <= 1):
            raise ValueError(f"CAM of class {class_id} must lie in [0, 1]")
    return ids, np.stack([np.asarray(cams[i], dtype=np.float32) for i in ids])


def with_background(maps: np.ndarray, alpha: float | np.ndarray) -> np.ndarray:
    """K×H×W activations in [0, 1] → (1+K)×H×W, the background (1 − max)^alpha first.

    Args:
        maps: the activations.
        alpha: a number, or one for each class: a pixel's is that of its strongest class.
    """
    exponent = alpha if np.ndim(alpha) == 0 else np.asarray(alpha)[maps.argmax(axis=0)]
    return np.concatenate([(1 - maps.max(axis=0, keepdims=True)) ** exponent, maps])


def of_each_class(alpha: ArrayLike, classes: int) -> tuple[tuple[int, ...], np.ndarray]:
    """How many masks an alpha asks for, as a shape, and their alphas, N×classes float32.

    Args:
        alpha: a number, or (…, classes), or (…, 1) for all classes.
        classes: number of classes.

    Raises:
        ValueError: it is for another number of classes, or not positive.
    """
    given = np.asarray(alpha, dtype=np.float32)
    if (given.ndim and given.shape[-1] not in (1, classes)) or not (given > 0).all():
        raise ValueError(f"alpha must be positive, one or one for each of {classes} classes")
    shape = given.shape[:-1]
    return shape, np.broadcast_to(given, (*shape, classes)).reshape(-1, classes)
