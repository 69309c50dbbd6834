"""CAMs of an image from a trained classifier, over scales and flips."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from urn.backbones.inputs import normalised
from urn.classification.network import SEAM
from urn.classification.scales import factors
from urn.windows import zoomed_windows

EPSILON = 1e-5
WINDOWS_AT_ONCE = 4

# N RGB images of one size to 2×N×K×h×w maps: of each image, and of its mirror image, mirrored back.
MapsOf = Callable[[Sequence[Image.Image]], Tensor]


@torch.inference_mode()
def multi_scale_cam(
    model: SEAM,
    image: np.ndarray,
    labels: Sequence[int],
    scales: Sequence[float],
    window: int | None = None,
    stride: int = 300,
    cam_size: int | None = None,
) -> np.ndarray:
    """Compute the normalised CAMs of the classes in an image's tags.

    They are summed over scales and flips; then relu, and (x − min) / (max − min + 1e-5) per class.

    Args:
        model: a trained SEAM in evaluation mode.
        image: H×W×3 uint8 RGB.
        labels: class ids (≥ 1) of the image's tags.
        scales: factors of the image's size, or of `cam_size`.
        window: None takes the image whole. Else CAMs are those of `urn.windows.zoomed_windows`,
            each brought to this side (PMM's multi-crop inference), and a pixel's are averaged over
            the windows of all scales that show it.
        stride: of the windows.
        cam_size: pixels of the image's longer side at scale 1; None: those that it has.

    Returns:
        K×H×W float32 in [0, 1], in the order of `labels`.
    """
    if not labels:
        return np.zeros((0, *image.shape[:2]), np.float32)
    device = next(model.parameters()).device
    tags = torch.zeros(model.head.out_channels - 1, device=device)
    tags[[label - 1 for label in labels]] = 1

    def cams_of(pictures: Sequence[Image.Image]) -> Tensor:
        values = torch.stack([normalised(picture) for picture in pictures]).to(device)
        views = torch.cat([values, values.flip(3)]).contiguous(memory_format=torch.channels_last)
        _, pcm_cam = model.cams(views, tags.expand(len(views), -1))
        plain, mirrored = pcm_cam[:, list(labels)].chunk(2)
        return torch.stack([plain, mirrored.flip(3)])

    picture = Image.fromarray(image)
    scales = factors(scales, cam_size, image.shape[:2])
    if window is None:
        total = _of_whole(cams_of, picture, scales)
    else:
        total = _of_windows(cams_of, picture, scales, window, stride)
    total = F.relu(total)
    low, high = total.amin((1, 2), keepdim=True), total.amax((1, 2), keepdim=True)
    return ((total - low) / (high - low + EPSILON)).cpu().numpy()


def _of_whole(cams_of: MapsOf, picture: Image.Image, scales: Sequence[float]) -> Tensor:
    width, height = picture.size
    total: Tensor | float = 0.0
    for scale in scales:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        maps = cams_of([picture.resize(size, Image.Resampling.BICUBIC)])[:, 0]
        total += _resize(maps, (height, width)).sum(0)
    assert isinstance(total, Tensor)  # there is at least one scale
    return total


def _of_windows(
    cams_of: MapsOf, picture: Image.Image, scales: Sequence[float], window: int, stride: int
) -> Tensor:
    width, height = picture.size
    places = [
        place
        for scale in scales
        for place in zoomed_windows((height, width), scale, window, stride)
    ]
    total: Tensor | None = None
    seen = torch.zeros(height, width)
    for first in range(0, len(places), WINDOWS_AT_ONCE):
        batch = places[first : first + WINDOWS_AT_ONCE]
        boxes = [(x.start, y.start, x.stop, y.stop) for y, x in batch]
        resized = [
            picture.crop(box).resize((window, window), Image.Resampling.BILINEAR) for box in boxes
        ]
        maps = cams_of(resized)
        if total is None:
            total = maps.new_zeros(maps.shape[2], height, width)
        for (rows, columns), pair in zip(batch, maps.unbind(1), strict=True):
            size = (rows.stop - rows.start, columns.stop - columns.start)
            total[:, rows, columns] += _resize(pair, size).sum(0)
            seen[rows, columns] += 1
    assert total is not None  # there is at least one window
    return total / seen.to(total.device)


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(maps, tuple(size), mode="bilinear", align_corners=False)
