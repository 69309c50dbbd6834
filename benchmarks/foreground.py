"""What masks get wrong: where objects are, or what they are.

    python -m benchmarks.foreground results/<dataset>/index.csv FOLDER…

Of every folder of masks (predictions of val, or cyclic masks) it prints the mIoU, the IoU of all
objects together, whatever their classes, and how much of what is rightly called an object has the
wrong class, in %.
"""

import argparse
from pathlib import Path

import numpy as np

from urn.datasets.index import Index, read_index
from urn.evaluation import ConfusionMatrix
from urn.files.images import read_mask
from urn.working_size import enlarge_labels


def scores(index: Index, folder: Path) -> tuple[float, float, float]:
    """mIoU, IoU of objects, and the share of these with the wrong class, all in [0, 1]."""
    matrix = ConfusionMatrix(index.num_classes, index.unused)
    for entry in index.entries:
        path = folder / f"{entry.id}.png"
        if path.exists() and entry.mask:
            truth = read_mask(str(entry.mask))
            matrix.add(enlarge_labels(read_mask(str(path)), truth.shape), truth)
    counts = matrix.counts
    both = counts[1:, 1:].sum()
    return (
        matrix.miou,
        both / (counts.sum() - counts[0, 0]),
        1 - np.trace(counts[1:, 1:]) / both,
    )


def main() -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    arguments = parser.parse_args()
    index = read_index(arguments.index)
    print("mIoU\tobjects' IoU\tof the wrong class\tmasks")
    for folder in arguments.folders:
        print(*(f"{100 * score:.1f}" for score in scores(index, folder)), folder, sep="\t")


if __name__ == "__main__":
    main()
