"""Which training images to correct by hand first."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Selected:
    """An image that was selected.

    Attributes:
        position: of the image.
        gain: what its correction promises, given those selected before it; a number without unit.
        rarity: mean over the image's classes of the mean class's number of images over the class's.
    """

    position: int
    gain: float
    rarity: float


def select(uncertainty: np.ndarray, tags: np.ndarray, number: int) -> list[Selected]:
    """Select images one by one, each time the one that promises most.

    The promise is the image's uncertain area times the rarity of its classes. A class of which n
    images are selected counts for 1/(n + 1) of its rarity, so that the selection spreads over the
    classes. Of equal promises the first is selected.

    Args:
        uncertainty: N in [0, 1], mean over the pixels of each image.
        tags: N×C, true where an image has the class among its tags.
        number: of images to select; fewer if fewer have a tag and an uncertain pixel.
    """
    images_of_class = tags.sum(axis=0)
    rarity = images_of_class.sum() / max(1, (images_of_class > 0).sum()) / images_of_class.clip(1)
    classes_of_image = tags.sum(axis=1).clip(1)
    selected_of_class = np.zeros(tags.shape[1])
    left = (tags.sum(axis=1) > 0) & (uncertainty > 0)
    found = []
    for _ in range(min(number, int(left.sum()))):
        gain = uncertainty * (tags @ (rarity / (selected_of_class + 1))) / classes_of_image
        best = int(np.argmax(np.where(left, gain, -1.0)))
        mean_rarity = tags[best] @ rarity / classes_of_image[best]
        found.append(Selected(best, float(gain[best]), float(mean_rarity)))
        left[best] = False
        selected_of_class += tags[best]
    return found
