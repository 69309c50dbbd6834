"""CAMs of an image from a trained classifier, summed over scales and flips."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from urn.backbones.inputs import normalised
from urn.classification.network import SEAM
from urn.windows import slide

EPSILON = 1e-5


@torch.inference_mode()
def multi_scale_cam(
    model: SEAM,
    image: np.ndarray,
    labels: Sequence[int],
    scales: Sequence[float],
    window: int | None = None,
    stride: int = 300,
) -> np.ndarray:
    """Compute the normalised CAMs of the classes in an image's tags.

    They are summed over scales and flips; then relu, and (x − min) / (max − min + 1e-5) per class.

    Args:
        model: a trained SEAM in evaluation mode.
        image: H×W×3 uint8 RGB.
        labels: class ids (≥ 1) of the image's tags.
        scales: factors of the image's size.
        window: side of the sliding windows (PMM's multi-crop inference), averaged where they
            overlap; None takes the image whole.
        stride: step between windows.

    Returns:
        K×H×W float32 in [0, 1], in the order of `labels`.
    """
    height, width = image.shape[:2]
    device = next(model.parameters()).device
    tags = torch.zeros(model.head.out_channels - 1, device=device)
    tags[[label - 1 for label in labels]] = 1

    def cams_of(images: Tensor) -> Tensor:
        present = tags.expand(len(images), -1)
        _, pcm_cam = model.cams(images.contiguous(memory_format=torch.channels_last), present)
        return pcm_cam[:, list(labels)]

    def enlarged_cams_of(images: Tensor) -> Tensor:
        return _resize(cams_of(images), images.shape[2:])

    total = torch.zeros(len(labels), height, width, device=device)
    picture = Image.fromarray(image)
    for scale in scales:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        values = normalised(picture.resize(size, Image.Resampling.BICUBIC)).to(device)
        pair = torch.stack([values, values.flip(2)])
        maps = slide(enlarged_cams_of, pair, window, stride) if window else cams_of(pair)
        maps = torch.stack([maps[0], maps[1].flip(2)])
        total += _resize(maps, (height, width)).sum(0)
    total = F.relu(total)
    low, high = total.amin((1, 2), keepdim=True), total.amax((1, 2), keepdim=True)
    return ((total - low) / (high - low + EPSILON)).cpu().numpy()


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(maps, tuple(size), mode="bilinear", align_corners=False)
