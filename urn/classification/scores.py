"""A classifier's scores of an image: what it takes its tags to be."""

import numpy as np
import torch
from PIL import Image

from urn.backbones.inputs import normalised
from urn.classification.network import SEAM


@torch.inference_mode()
def tag_scores(model: SEAM, image: np.ndarray, long_side: int) -> np.ndarray:
    """The probability of every class, as in training: the sigmoid of its averaged map.

    Args:
        model: a trained SEAM in evaluation mode.
        image: H×W×3 uint8 RGB.
        long_side: pixels to which its longer side is brought.

    Returns:
        C float32 in [0, 1], the mean of the image's and its mirror image's.
    """
    picture = Image.fromarray(image)
    factor = long_side / max(picture.size)
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    values = normalised(picture.resize(size, Image.Resampling.BICUBIC))
    views = torch.stack([values, values.flip(2)]).to(next(model.parameters()).device)
    views = views.contiguous(memory_format=torch.channels_last)
    maps = model.head(model.backbone(views)[3])[:, 1:]
    return maps.mean((2, 3)).sigmoid().mean(0).cpu().numpy()
