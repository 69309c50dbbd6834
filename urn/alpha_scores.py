"""How right masks are at every alpha and at chosen ones, by truth: to judge the choice of alpha."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from urn.evaluation import ConfusionMatrix
from urn.working_size import enlarge_labels

# an image's id, H×W×3 uint8 RGB, CAMs by class id, and truth, whose size may be larger
Sample = tuple[str, np.ndarray, Mapping[int, np.ndarray], np.ndarray]
Choice = Mapping[str, Mapping[int, int]]  # by image and class id, places in the list of alphas


@dataclass(frozen=True)
class AlphaScores:
    """mIoU in [0, 1] of the same images' masks.

    Attributes:
        single: of each alpha, given to all of them.
        chosen: of each choice.
        of_images: of each image by id, those of its masks by each choice.
        best: of every image's best alpha by truth, about the most that a choice by image can reach.
    """

    single: list[float]
    chosen: list[float]
    of_images: dict[str, list[float]]
    best: float


def score_alphas(
    samples: Iterable[Sample],
    alphas: Sequence[float],
    choices: Sequence[Choice],
    refine: Callable[..., np.ndarray],
    num_classes: int,
    unused: Iterable[int] = (),
) -> AlphaScores:
    """Score the masks of every alpha and of some choices.

    Args:
        samples: images, their CAMs and truths.
        alphas: A numbers.
        choices: see `urn.alpha.choose`.
        refine: a refiner's function, with its other arguments.
        num_classes: classes including background.
        unused: class ids that never count.

    Raises:
        ValueError: shapes, types or ranges are wrong.
        KeyError: a choice lacks an image, or a class of it.
    """
    unused = list(unused)

    def matrices(count: int) -> list[ConfusionMatrix]:
        return [ConfusionMatrix(num_classes, unused) for _ in range(count)]

    totals, best = matrices(len(alphas) + len(choices)), ConfusionMatrix(num_classes, unused)
    of_images = {}
    for image_id, image, cams, truth in samples:
        own = [[alphas[choice[image_id][label]] for label in cams] for choice in choices]
        rows = np.array([[alpha] * len(cams) for alpha in alphas] + own, float)
        masks = [enlarge_labels(mask, truth.shape) for mask in refine(image, cams, alpha=rows)]
        alone = matrices(len(masks))
        for total, score, mask in zip(totals, alone, masks, strict=True):
            total.add(mask, truth)
            score.add(mask, truth)
        scores = [score.miou for score in alone]
        best.add(masks[int(np.argmax(scores[: len(alphas)]))], truth)
        of_images[image_id] = scores[len(alphas) :]
    scores = [total.miou for total in totals]
    return AlphaScores(scores[: len(alphas)], scores[len(alphas) :], of_images, best.miou)
