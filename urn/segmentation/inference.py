"""Class probabilities of an image: several scales, mirrored too, through a sliding window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.mmsegmentation import EncoderDecoder
from urn.windows import slide

# N×3×H×W normalised images to N×C×H×W logits, all on one device.
Network = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Views:
    """The views of an image that a prediction averages; the defaults are the published ones.

    Attributes:
        ratios: sizes of the image, relative to `scale`.
        flip: add the mirror image at every size.
        scale: long and short side. A ratio of 1 is the largest size, of the image's aspect, that
            fits into them; best is the scale of training. None: a ratio of 1 is the image's size.
        window: side of the square windows, in pixels; a shorter side of a view is taken whole.
        stride: step between windows; the last of a row or column is moved back inside the view.
        batch_size: windows, each with its mirror image, that pass through the network together.
    """

    ratios: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
    flip: bool = True
    scale: tuple[int, int] | None = None
    window: int = 512
    stride: int = 480
    batch_size: int = 4


PUBLISHED = Views()


def logits_of(model: EncoderDecoder) -> Network:
    """Set `model` to eval mode; return its function from images to logits of the images' size.

    Convolutions run in the memory layout of their weights, such as channels_last.
    """
    model.eval()
    return lambda images: resize(model(images, mode="tensor"), images.shape[2:])


@torch.inference_mode()
def predict_probabilities(
    network: Network,
    image: np.ndarray,
    views: Views = PUBLISHED,
    device: str | torch.device = "cpu",
) -> np.ndarray:
    """Predict C×H×W float32 probabilities of an H×W×3 uint8 RGB image: the mean over its views."""
    average = torch.zeros(())
    for found in predict_views(network, image, views, device):
        average = average + found.mean(0) / len(views.ratios)
    return average.cpu().numpy()


@torch.inference_mode()
def predict_with_variance(
    network: Network,
    image: np.ndarray,
    views: Views = PUBLISHED,
    device: str | torch.device = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the mean over the views, and their variance summed over classes, H×W float32."""
    average, squares = torch.zeros(2)
    for found in predict_views(network, image, views, device):
        average = average + found.mean(0) / len(views.ratios)
        squares = squares + found.square().sum(1).mean(0) / len(views.ratios)
    variance = (squares - average.square().sum(0)).clamp(min=0)
    return average.cpu().numpy(), variance.cpu().numpy()


@torch.inference_mode()
def predict_views(
    network: Network,
    image: np.ndarray,
    views: Views = PUBLISHED,
    device: str | torch.device = "cpu",
) -> Iterator[Tensor]:
    """Yield the probabilities of an H×W×3 uint8 RGB image at each ratio, V×C×H×W float32.

    The image is resized, its logits are averaged where windows overlap, resized back and put
    through the softmax. V is 2 with `flip`, for the image and its mirror image, else 1.

    Args:
        device: where the network is.
    """
    height, width = image.shape[:2]
    pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).to(device)
    mean, std = _column(IMAGENET_MEAN, device), _column(IMAGENET_STD, device)
    normalised = ((pixels - mean) / std)[None]
    for ratio in views.ratios:
        resized = resize(normalised, view_size((height, width), views.scale, ratio))
        if views.flip:
            resized = torch.cat([resized, resized.flip(3)])
        found = slide(network, resized, views.window, views.stride, views.batch_size)
        found = resize(found, (height, width)).softmax(1)
        if views.flip:
            found[1] = found[1].flip(2)
        yield found


def view_size(
    size: tuple[int, int], scale: tuple[int, int] | None, ratio: float = 1.0
) -> tuple[int, int]:
    """Height and width of an image of this height and width at a ratio of `scale`, see `Views`."""
    unit = 1.0
    if scale is not None:
        unit = min(max(scale) / max(size), min(scale) / min(size))
    height, width = (max(round(side * unit * ratio), 1) for side in size)
    return height, width


def resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Resize N×C×h×w maps to N×C×H×W bilinearly, as all views are and their logits."""
    return F.interpolate(maps, tuple(size), mode="bilinear", align_corners=False)


def _column(values: Sequence[float], device: str | torch.device) -> Tensor:
    """Values per channel, to broadcast over 3×H×W."""
    return torch.tensor(values, dtype=torch.float32, device=device)[:, None, None]
