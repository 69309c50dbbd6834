"""CAMs of an image from a trained classifier, over scales and flips."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from urn.classification.network import SEAM
from urn.inputs import normalised

EPSILON = 1e-5


@torch.inference_mode()
def multi_scale_cam(
    model: SEAM, image: np.ndarray, labels: Sequence[int], scales: Sequence[float]
) -> np.ndarray:
    """The normalised CAMs of the classes in an image's tags.

    Sum over scales and flips, relu, then (x − min) / (max − min + 1e-5) for every class.

    Args:
        model: a trained SEAM in evaluation mode.
        image: H×W×3 uint8 RGB.
        labels: class ids (≥ 1) of the image's tags.
        scales: factors of the image's size.

    Returns:
        K×H×W float32 in [0, 1], in the order of `labels`.
    """
    height, width = image.shape[:2]
    device = next(model.parameters()).device
    tags = torch.zeros(2, model.head.out_channels - 1, device=device)
    tags[:, [label - 1 for label in labels]] = 1
    total = torch.zeros(len(labels), height, width, device=device)
    picture = Image.fromarray(image)
    for scale in scales:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        values = normalised(picture.resize(size, Image.Resampling.BICUBIC)).to(device)
        pair = torch.stack([values, values.flip(2)])
        _, pcm_cam = model.cams(pair.contiguous(memory_format=torch.channels_last), tags)
        maps = pcm_cam[:, list(labels)]
        maps = torch.stack([maps[0], maps[1].flip(2)])
        total += F.interpolate(maps, (height, width), mode="bilinear", align_corners=False).sum(0)
    total = F.relu(total)
    low, high = total.amin((1, 2), keepdim=True), total.amax((1, 2), keepdim=True)
    return ((total - low) / (high - low + EPSILON)).cpu().numpy()
