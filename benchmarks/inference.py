"""Inference by us against mmsegmentation's sliding window with test-time augmentation.

    python -m benchmarks.inference FOLDER [--backbones ...] [--number 5] [--threads 1]

FOLDER is in VOC's layout. Both read an image from its file, and predict its mask as published: six
sizes with their mirror images, windows of 512 pixels 480 apart, the mean of the softmax. Network
and weights (random) are the same; images take turns. Seconds are those of `benchmarks.training`. On
how many pixels the masks agree is printed too: mmsegmentation resizes 8-bit images, we their
normalised values.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import cost, ratio_line
from benchmarks.plain import plain_prediction, plain_segmentor
from benchmarks.trainings import CLASSES
from urn.files.images import read_image
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.inference import PUBLISHED, Views, logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor
from urn.training.loop import prepare

BACKBONES = ("efficientnet_lite0", "res2net101")

# From an image file to its H×W class ids.
Prediction = Callable[[Path], np.ndarray]


@dataclass(frozen=True)
class Compared:
    """One row per image.

    Attributes:
        ours: seconds.
        plain: seconds.
        agreement: the share of pixels with the same class.
    """

    ours: np.ndarray
    plain: np.ndarray
    agreement: np.ndarray


def models(
    backbone: str, head_channels: int, views: Views, device: str
) -> tuple[EncoderDecoder, EncoderDecoder]:
    """Our model and mmsegmentation's, with the same random weights."""
    sizes = {"head_channels": head_channels, "auxiliary_channels": head_channels // 2}
    prepare(0)
    ours = build_segmentor(backbone, CLASSES, **sizes, pretrained=False)
    plain = plain_segmentor(backbone, CLASSES, **sizes, views=views)
    plain.load_state_dict(ours.state_dict())
    return ours.to(device, memory_format=torch.channels_last), plain.to(device)


def our_prediction(model: EncoderDecoder, views: Views) -> Prediction:
    """Our way to an image's mask."""
    network, device = logits_of(model), next(model.parameters()).device
    return lambda path: predict_probabilities(network, read_image(path), views, device).argmax(0)


def compare(
    paths: list[Path],
    backbone: str,
    head_channels: int = 512,
    views: Views = PUBLISHED,
    device: str = "cpu",
) -> Compared:
    """Predict every image both ways in turn; the first of them once before, not counted."""
    ours, plain = models(backbone, head_channels, views, device)
    predictions: tuple[Prediction, Prediction] = (
        our_prediction(ours, views),
        plain_prediction(plain, views),
    )
    rows = []
    for path in [paths[0], *paths]:
        (our_cost, mask), (plain_cost, expected) = (
            cost(partial(predict, path)) for predict in predictions
        )
        rows.append((our_cost.fair, plain_cost.fair, (mask == expected).mean()))
    return Compared(*np.array(rows[1:]).T)


def main() -> None:
    """Predict both ways and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backbones", nargs="+", default=BACKBONES)
    parser.add_argument("--number", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ratios", nargs="+", type=float, default=PUBLISHED.ratios)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found = sorted((arguments.folder / "JPEGImages").glob("*.jpg"))
    paths = [found[i * len(found) // arguments.number] for i in range(arguments.number)]
    for backbone in arguments.backbones:
        views = Views(ratios=arguments.ratios)
        result = compare(paths, backbone, views=views, device=device)
        print(
            f"{backbone}: ours {np.median(result.ours):.2f} s, mmsegmentation "
            f"{np.median(result.plain):.2f} s per image; masks agree on "
            f"{100 * result.agreement.mean():.2f} % of pixels"
        )
        ratios = result.plain / result.ours
        print(ratio_line(f"{backbone}, mmsegmentation / ours", ratios, digits=2), flush=True)


if __name__ == "__main__":
    main()
