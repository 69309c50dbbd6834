"""A segmentation model's score during training."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from urn.evaluation import ConfusionMatrix
from urn.files.images import read_image, read_mask
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.inference import Views, logits_of, predict_probabilities
from urn.working_size import WorkingSize, enlarge_labels


def single_scale_miou(
    model: EncoderDecoder,
    samples: Sequence[tuple[str | Path, str | Path]],
    num_classes: int,
    scale: tuple[int, int],
    window: int,
    stride: int,
    unused: Iterable[int] = (),
    working_size: WorkingSize = "original",
) -> float:
    """mIoU (%) of a model on images and their masks, at one scale, without mirror images and CRF.

    It is quick rather than accurate, for following a training. `unused` class ids do not count.
    Images above the working size are shrunk to it, and the predicted masks enlarged to the truth's
    size. The model is left in evaluation mode.
    """
    score = ConfusionMatrix(num_classes, unused)
    views = Views(ratios=[1], flip=False, scale=scale, window=window, stride=stride)
    for image, mask in samples:
        probabilities = predict_probabilities(
            logits_of(model),
            read_image(image, working_size),
            views,
            next(model.parameters()).device,
        )
        truth = read_mask(mask)
        score.add(enlarge_labels(probabilities.argmax(0).astype(np.uint8), truth.shape), truth)
    return 100 * score.miou
