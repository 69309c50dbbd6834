"""Imitated responses of a half-trained model, made from ground truth."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from urn.files.images import IGNORE, read_image, read_mask
from urn.segmentation.channels import select_channels

VOC_CLASSES = 21
VOC_SCALES = (0.15, 0.2, 0.25, 4, 5, 6)


def noisy_response(
    mask: np.ndarray, classes: int, seed: int = 0, confidence: float = 8.0
) -> np.ndarray:
    """A softmax (classes×H×W) like that of a model that is unsure and confuses classes."""
    rng = np.random.default_rng(seed)
    mask = np.where(mask == IGNORE, 0, mask)
    sigma = mask.shape[1] / 40
    truth = np.stack([mask == c for c in range(classes)]).astype(np.float32)
    scores = confidence * gaussian_filter(truth, (0, sigma, sigma))
    for width, strength in ((sigma, 0.4), (3 * sigma, 0.8)):
        noise = gaussian_filter(rng.normal(size=scores.shape), (0, width, width))
        scores += strength * noise / noise.std()
    alike = rng.choice(np.setdiff1d(np.arange(1, classes), mask), 1)
    scores[alike] += confidence * rng.uniform(0.4, 0.7) * (1 - gaussian_filter(truth[0], sigma))
    exponential = np.exp(scores - scores.max(axis=0))
    return (exponential / exponential.sum(axis=0)).astype(np.float32)


def smooth_field(labels: int, height: int, width: int, seed: int) -> np.ndarray:
    """A softmax of smooth noise, L×H×W."""
    rng = np.random.default_rng(seed)
    scores = gaussian_filter(rng.normal(size=(labels, height, width)), (0, 15, 15))
    power = np.exp(3 * scores / scores.std())
    return (power / power.sum(axis=0)).astype(np.float32)


def photographs(voc: Path, number: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield images with masks from a folder in VOC's layout, evenly spread over their names.

    Each is yielded as H×W×3 uint8, the class ids of its response's channels, and the response.
    """
    masks = sorted((voc / "SegmentationClass").glob("*.png"))
    if len(masks) < number:
        raise SystemExit(f"{voc}/SegmentationClass holds {len(masks)} masks, {number} are needed")
    for i in range(number):
        path = masks[i * len(masks) // number]
        image = np.array(read_image(voc / "JPEGImages" / f"{path.stem}.jpg"))
        ids, response = select_channels(noisy_response(read_mask(path), VOC_CLASSES, seed=i))
        yield image, ids, response
