"""Scores accumulated image by image: of masks, and of uncertainty as a detector of wrong pixels."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from urn.files.images import IGNORE
from urn.working_size import enlarged

PIXELS_AT_ONCE = 1 << 20  # bounds the memory of counting, whatever the image's size


class ConfusionMatrix:
    """Intersection over union and accuracy of masks against the truth.

    Pixels whose truth is 255 (ignore) or an unused class do not count. A prediction of 255 or of
    an unused class is a miss of the true class, and a false positive of none.

    Args:
        num_classes: classes including background; ids run from 0.
        unused: ids that never count (COCO's ten ids without a class).
    """

    def __init__(self, num_classes: int, unused: Iterable[int] = ()) -> None:
        self.num_classes = num_classes
        self._unused = sorted(set(unused))
        # Class id -> row (or column); ids that do not count share one beyond the classes.
        self._position = np.full(256, -1)
        self._position[:num_classes] = np.arange(num_classes)
        self._position[[*self._unused, IGNORE]] = num_classes
        self._counts = np.zeros((num_classes + 1, num_classes + 1), dtype=np.int64)

    def add(self, mask: np.ndarray, truth: np.ndarray) -> None:
        """Count the pixels of one image; both H×W uint8.

        Raises:
            ValueError: sizes differ, or an id is neither a class nor 255.
        """
        _check_pair(mask, truth)
        pairs = _pair_counts(truth, mask)  # by true id and predicted id
        foreign = np.flatnonzero((self._position < 0) & (pairs.any(axis=0) | pairs.any(axis=1)))
        if foreign.size:
            raise ValueError(
                f"ids {foreign.tolist()} are neither below {self.num_classes} nor {IGNORE}"
            )
        known = np.flatnonzero(self._position >= 0)
        rows, columns = np.ix_(self._position[known], self._position[known])
        np.add.at(self._counts, (rows, columns), pairs[np.ix_(known, known)])

    @property
    def counts(self) -> np.ndarray:
        """Pixels by true class (row) and predicted class (column), num_classes² int64."""
        return self._counts[:-1, :-1].copy()

    def iou(self) -> np.ndarray:
        """Intersection over union per class in [0, 1]; NaN for a class in neither mask."""
        counted = self._counts[:-1]
        right = counted.diagonal()
        union = counted.sum(axis=1) + counted[:, :-1].sum(axis=0) - right
        return np.divide(right, union, out=np.full(len(right), np.nan), where=union > 0)

    @property
    def miou(self) -> float:
        """Mean IoU of the classes seen; NaN before any pixel."""
        iou = self.iou()
        return float(np.nanmean(iou)) if np.isfinite(iou).any() else float("nan")

    @property
    def pixel_accuracy(self) -> float:
        """Share of counted pixels that are correct; NaN before any pixel."""
        counted = self._counts[:-1]
        total = counted.sum()
        return float(counted.diagonal().sum() / total) if total else float("nan")


class CamThresholds:
    """mIoU of thresholded CAMs, for every threshold at once.

    A pixel has the class with the largest CAM if that exceeds the threshold, else background.
    Pixels whose truth is 255 do not count.

    Args:
        num_classes: classes including background; ids run from 0.
    """

    LEVELS = 100  # thresholds are multiples of 1/LEVELS

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        # Pixels by true class, class of the largest CAM and level of that CAM.
        self._counts = np.zeros((num_classes, num_classes, self.LEVELS + 1), dtype=np.int64)

    def add(self, labels: np.ndarray, cams: np.ndarray, truth: np.ndarray) -> None:
        """Count the pixels of one image.

        Args:
            labels: K class ids of the CAMs.
            cams: K×h×w in [0, 1]; smaller ones are enlarged to the truth's size.
            truth: H×W uint8.
        """
        for rows, band in enlarged(cams, truth.shape):
            self._add(labels, band, truth[rows])

    def _add(self, labels: np.ndarray, cams: np.ndarray, truth: np.ndarray) -> None:
        counted = truth != IGNORE
        if len(labels):
            winners = np.asarray(labels, dtype=np.int64)[cams.argmax(axis=0)][counted]
            levels = np.ceil(self.LEVELS * cams.max(axis=0)[counted]).astype(np.int64)
        else:
            winners = levels = np.zeros(counted.sum(), dtype=np.int64)
        places = (truth[counted].astype(np.int64), winners, levels)
        flat = np.ravel_multi_index(places, self._counts.shape)
        self._counts += np.bincount(flat, minlength=self._counts.size).reshape(self._counts.shape)

    def iou(self) -> np.ndarray:
        """IoU by threshold (0, 1/LEVELS, … 1) and class; NaN for a class in neither mask."""
        at_most = self._counts.cumsum(axis=2)
        predicted = at_most[:, :, -1:] - at_most  # by true class, predicted class and threshold
        predicted[:, 0] = at_most.sum(axis=1)  # background: no CAM exceeds the threshold
        right = np.einsum("cct->ct", predicted)
        union = self._counts.sum(axis=(1, 2))[:, None] + predicted.sum(axis=0) - right
        return np.divide(right, union, out=np.full(union.shape, np.nan), where=union > 0).T

    def table(self) -> pd.DataFrame:
        """`threshold` and `miou` (in [0, 1]), ascending."""
        thresholds = np.arange(self.LEVELS + 1) / self.LEVELS
        return pd.DataFrame({"threshold": thresholds, "miou": np.nanmean(self.iou(), axis=1)})


class UncertaintyQuality:
    """How well low weights (high uncertainty) detect the wrong pixels of masks.

    Weights have 8 bits, so two histograms suffice, whatever the number of images. Pixels whose
    truth is 255 do not count; a mask of 255 is wrong.
    """

    def __init__(self) -> None:
        self._pixels = np.zeros(256, dtype=np.int64)
        self._wrong = np.zeros(256, dtype=np.int64)

    def add(self, weight: np.ndarray, mask: np.ndarray, truth: np.ndarray) -> None:
        """Count the pixels of one image; all H×W uint8.

        Raises:
            ValueError: sizes differ, or the weight is not uint8.
        """
        _check_pair(mask, truth)
        if weight.shape != mask.shape or weight.dtype != np.uint8:
            raise ValueError(
                f"weight must be {mask.shape} uint8, got {weight.shape} {weight.dtype}"
            )
        counted = truth != IGNORE
        kinds = counted.astype(np.uint8) + (counted & (mask != truth))  # 1 right, 2 wrong
        pixels = _pair_counts(weight, kinds)
        self._pixels += pixels[:, 1] + pixels[:, 2]
        self._wrong += pixels[:, 2]

    @property
    def auroc(self) -> float:
        """Probability that a wrong pixel has a lower weight than a correct one, ties counting half.

        NaN while all pixels are correct, or all wrong.
        """
        wrong, right = self._wrong.astype(float), (self._pixels - self._wrong).astype(float)
        pairs = wrong.sum() * right.sum()
        if not pairs:
            return float("nan")
        right_above = right.sum() - right.cumsum()
        return float((wrong * (right_above + right / 2)).sum() / pairs)

    @property
    def average_precision(self) -> float:
        """Precision averaged over the recall of wrong pixels, from the lowest weight upwards.

        Chance level is the share of wrong pixels. NaN while none is wrong.
        """
        table = self.table()
        wrong = table["wrong"].sum()
        return float((table["precision"] * table["wrong"]).sum() / wrong) if wrong else float("nan")

    def table(self) -> pd.DataFrame:
        """A row for every weight seen, ascending.

        Columns: `weight` (0-255), `pixels` and `wrong` of that weight, and the `precision` and
        `recall` of predicting "wrong" for every pixel of at most that weight.
        """
        weights = np.flatnonzero(self._pixels)
        pixels, wrong = self._pixels[weights], self._wrong[weights]
        table = pd.DataFrame({"weight": weights, "pixels": pixels, "wrong": wrong})
        table["precision"] = wrong.cumsum() / pixels.cumsum()
        table["recall"] = wrong.cumsum() / (wrong.sum() or np.nan)
        return table


def shares_at_most(table: pd.DataFrame, t: float) -> tuple[float, float]:
    """Share of pixels with a weight of at most `t`, and the share of these that are wrong.

    Args:
        table: see `UncertaintyQuality.table`.
        t: threshold in [0, 1].

    Returns:
        Two numbers in [0, 1]; the second is NaN where the first is 0.
    """
    low = table[table["weight"] / 255 <= t]
    pixels = low["pixels"].sum()
    return float(pixels / table["pixels"].sum()), float(low["wrong"].sum() / (pixels or np.nan))


def _pair_counts(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How often each pair of values of two uint8 arrays occurs, 256×256 int64."""
    counts = np.zeros(1 << 16, dtype=np.int64)
    first, second = first.ravel(), second.ravel()
    for start in range(0, first.size, PIXELS_AT_ONCE):
        part = slice(start, start + PIXELS_AT_ONCE)
        pairs = first[part].astype(np.uint16) << 8 | second[part]
        counts += np.bincount(pairs, minlength=counts.size)
    return counts.reshape(256, 256)


def _check_pair(mask: np.ndarray, truth: np.ndarray) -> None:
    if mask.shape != truth.shape or mask.dtype != np.uint8 or truth.dtype != np.uint8:
        raise ValueError(
            f"mask and truth must be uint8 of one size, got {mask.shape} {mask.dtype} "
            f"and {truth.shape} {truth.dtype}"
        )
