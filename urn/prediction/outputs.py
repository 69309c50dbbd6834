"""The files that are made of a prediction."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from urn.files.archives import write_archive
from urn.files.atomic import atomic_path
from urn.files.images import read_made, write_grey, write_mask
from urn.prediction.prediction import Prediction
from urn.prediction.sources import Source


def _uncertainty(path: Path, prediction: Prediction, name: str) -> None:
    """255·U, rounded up: 255 less the weight mask of a training."""
    write_grey(path, 255 - prediction.scaled.weight, prediction.size)


def _probabilities(path: Path, prediction: Prediction, name: str) -> None:
    write_archive(path, [(name, prediction.labels, prediction.maps)])


def _overlay(path: Path, prediction: Prediction, name: str) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(prediction.overlay).save(temporary, quality=90)


def _mask(path: Path, prediction: Prediction, name: str) -> None:
    write_mask(path, prediction.mask)


class Kind(NamedTuple):
    """Files of one kind: their suffix, and what writes one of a prediction and its name."""

    suffix: str
    write: Callable[[Path, Prediction, str], None]


# By the name of their folder. Response scaling goes first, as it gives the mask, too.
KINDS = {
    "uncertainty": Kind(".png", _uncertainty),
    "probabilities": Kind(".npz", _probabilities),
    "overlays": Kind(".jpg", _overlay),
    "masks": Kind(".png", _mask),
}


class Outputs(NamedTuple):
    """Where the files of predictions are.

    Attributes:
        folder: of all of them.
        kinds: which are made.
    """

    folder: Path
    kinds: Sequence[str]

    def path(self, kind: str, source: Source) -> Path:
        """The file of a kind that is made of an image."""
        return self.folder / kind / f"{source.name}{KINDS[kind].suffix}"

    def write(self, prediction: Prediction, source: Source) -> None:
        """Write an image's files, each whole or not at all."""
        for kind, (_, write) in KINDS.items():
            if kind in self.kinds:
                write(self.path(kind, source), prediction, source.name)

    def are_newer(self, source: Source, since: int) -> bool:
        """Whether all of an image's files were written at this time, in nanoseconds, or later."""
        paths = [self.path(kind, source) for kind in self.kinds]
        return all(path.exists() and path.stat().st_mtime_ns >= since for path in paths)

    def shares(self, source: Source, classes: int) -> list[float]:
        """The share of every class in an image's mask.

        Raises:
            UserError: the mask cannot be read.
        """
        mask = read_made(self.path("masks", source))
        counts = Image.fromarray(mask).histogram()[:classes]  # without a wider copy of the mask
        return [count / mask.size for count in counts]

    def mean_uncertainty(self, source: Source) -> float | None:
        """The mean of U over an image; None where it is not made.

        Raises:
            UserError: its file cannot be read.
        """
        if "uncertainty" not in self.kinds:
            return None
        values = read_made(self.path("uncertainty", source))
        return float(np.mean(values)) / 255
