"""Tags that a classifier contradicts.

A class's own scores set the bar, as in confident learning (Northcutt et al., "Confident Learning:
Estimating Uncertainty in Dataset Labels", 2021): a class may be missing among an image's tags if
its score is that of images which have the tag, and a tag may be wrong if its score is that of
images which lack it.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Doubt:
    """A tag that may be wrong, or a class that may be missing among an image's tags.

    Attributes:
        position: of the image.
        column: of the class.
        tagged: whether the image has the tag.
        score: the classifier's for the class, in [0, 1].
    """

    position: int
    column: int
    tagged: bool
    score: float

    @property
    def strength(self) -> float:
        """How far the classifier is from the tag, in [0, 1]."""
        return 1 - self.score if self.tagged else self.score


def doubts(scores: np.ndarray, tags: np.ndarray) -> list[Doubt]:
    """Find them, the strongest first.

    A classifier that is not sure itself, at less than 0.5 for what it misses, doubts nothing; nor
    does one that gives a class no higher scores where it is tagged.

    Args:
        scores: N×C in [0, 1], of N images and C classes.
        tags: N×C, true where an image has the class among its tags.
    """
    found = []
    for column in range(scores.shape[1]):
        of_class, tagged = scores[:, column], tags[:, column]
        if tagged.all() or not tagged.any():
            continue
        with_tag, without = of_class[tagged].mean(), of_class[~tagged].mean()
        if with_tag <= without:
            continue
        missing = ~tagged & (of_class >= max(0.5, with_tag))
        wrong = tagged & (of_class <= min(0.5, without))
        found += [
            Doubt(int(n), column, bool(tagged[n]), float(of_class[n]))
            for n in np.flatnonzero(missing | wrong)
        ]
    return sorted(found, key=lambda doubt: (-doubt.strength, doubt.position, doubt.column))
