"""Class probabilities of an image: several scales, mirrored too, through a sliding window."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.segmentation.mmsegmentation import EncoderDecoder
from urn.windows import slide

# N×3×H×W normalised images to N×C×H×W logits, all on one device.
LogitsOf = Callable[[Tensor], Tensor]

PUBLISHED_RATIOS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)


def logits_of(model: EncoderDecoder) -> LogitsOf:
    """Set `model` to eval mode; give its function from images to logits of the same height, width.

    Convolutions take the memory layout of the weights: a model in channels_last runs in it.
    """
    model.eval()
    return lambda images: _resize(model(images, mode="tensor"), images.shape[2:])


@torch.inference_mode()
def predict_probabilities(
    logits_of: LogitsOf,
    image: np.ndarray,
    *,
    ratios: Sequence[float] = PUBLISHED_RATIOS,
    **options: Any,
) -> np.ndarray:
    """Predict an H×W×3 uint8 RGB image: C×H×W float32 probabilities.

    They are the mean of `predict_views`, which names the options, over ratios and mirror images.
    """
    average = torch.zeros(())
    for found in predict_views(logits_of, image, ratios, **options):
        average = average + found.mean(0) / len(ratios)
    return average.cpu().numpy()


@torch.inference_mode()
def predict_with_variance(
    logits_of: LogitsOf,
    image: np.ndarray,
    *,
    ratios: Sequence[float] = PUBLISHED_RATIOS,
    **options: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """What `predict_probabilities` gives, and how much it varies, H×W float32.

    That is the variance over ratios and mirror images, summed over the classes.
    """
    average, squares = torch.zeros(2)
    for found in predict_views(logits_of, image, ratios, **options):
        average = average + found.mean(0) / len(ratios)
        squares = squares + found.square().sum(1).mean(0) / len(ratios)
    variance = (squares - average.square().sum(0)).clamp(min=0)
    return average.cpu().numpy(), variance.cpu().numpy()


@torch.inference_mode()
def predict_views(
    logits_of: LogitsOf,
    image: np.ndarray,
    ratios: Sequence[float],
    *,
    flip: bool = True,
    scale: tuple[int, int] | None = None,
    window: int = 512,
    stride: int = 480,
    batch_size: int = 4,
    device: str | torch.device = "cpu",
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
) -> Iterator[Tensor]:
    """Yield the probabilities of an H×W×3 uint8 RGB image at each size, V×C×H×W float32.

    For every ratio the image is resized, its logits averaged where windows overlap, resized back
    and put through the softmax. V is 2 with `flip`, for the image and its mirror image, else 1.

    Args:
        logits_of: the model, on `device`.
        ratios: sizes of the image, see `scale`.
        scale: long and short side; the ratios multiply the largest size, of the image's aspect,
            that fits into it. Training resizes to a scale, and prediction is best at the same one.
            None: they multiply the image's own size.
        window: side of the square windows; a side of the image that is shorter is taken whole.
        stride: step of the windows; the last of a row or column is moved back inside the image.
        batch_size: windows (each with its mirror image) that pass through the model together.
    """
    height, width = image.shape[:2]
    unit = 1.0
    if scale is not None:
        unit = min(max(scale) / max(height, width), min(scale) / min(height, width))
    pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).to(device)
    normalised = ((pixels - _column(mean, device)) / _column(std, device))[None]
    for ratio in ratios:
        size = [max(round(side * unit * ratio), 1) for side in (height, width)]
        views = _resize(normalised, size)
        if flip:
            views = torch.cat([views, views.flip(3)])
        found = slide(logits_of, views, window, stride, batch_size)
        found = _resize(found, (height, width)).softmax(1)
        if flip:
            found[1] = found[1].flip(2)
        yield found


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(maps, tuple(size), mode="bilinear", align_corners=False)


def _column(values: Sequence[float], device: str | torch.device) -> Tensor:
    """Values per channel, to broadcast over 3×H×W."""
    return torch.tensor(values, dtype=torch.float32, device=device)[:, None, None]
