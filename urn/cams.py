"""The CAMs of an image as one array, as all refiners take them."""

import numpy as np


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


def with_background(maps: np.ndarray, alpha: float) -> np.ndarray:
    """K×H×W activations in [0, 1] → (1+K)×H×W, the background (1 − max)^alpha first."""
    return np.concatenate([(1 - maps.max(axis=0, keepdims=True)) ** alpha, maps])
