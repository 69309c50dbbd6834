"""The CRF engine against the machine's memory bandwidth.

    python -m benchmarks.bandwidth FOLDER [--number 5]

FOLDER is in VOC's layout. It counts the bytes that a mean-field iteration of 8 channels must move,
each array once per pass, and compares the rate with that of copying a large array.
"""

import argparse
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks.imitation import photographs
from benchmarks.measure import seconds
from urn.crf import SEGMENTATION_CRF
from urn.crf.lanes import LANES
from urn.crf.numba_backend import Engine

ROW = LANES * 4  # bytes
ITERATIONS = 20


def bytes_of_an_iteration(engine: Engine, pixels: int) -> int:
    """For one block of channels of two-label fields."""
    moved = pixels * (2 * ROW + 2 * ROW + ROW)  # marginals and messages, and the advantage
    for _, lattice, _ in engine._bilateral.parts + engine._spatial.parts:
        moved += 2 * (lattice.corners.nbytes + lattice.weights.nbytes)  # splat and slice
        moved += len(lattice.corners) * 2 * ROW  # marginals in, messages out
        moved += lattice.vertices * 4 * ROW  # zeroed and splatted; sliced
        for indices in chain.from_iterable(lattice.axes):
            moved += indices.nbytes + 2 * ROW * int((indices < lattice.vertices).sum())
    return moved


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=5)
    arguments = parser.parse_args()

    source = np.ones(1 << 25)
    target = source.copy()
    for image, _, _ in photographs(arguments.folder, arguments.number):
        height, width = image.shape[:2]
        engine = Engine(
            image, SEGMENTATION_CRF.gaussian, SEGMENTATION_CRF.bilateral, threads=1, memory=1 << 29
        )
        fields = np.random.default_rng(0).random((LANES, 2, height, width), dtype=np.float32)
        engine.masks(fields, 1)
        none, _ = seconds(lambda: engine.masks(fields, 0))  # noqa: B023
        some, _ = seconds(lambda: engine.masks(fields, ITERATIONS))  # noqa: B023
        copy, _ = seconds(lambda: np.copyto(target, source))
        moved = bytes_of_an_iteration(engine, height * width)
        rate = moved * ITERATIONS / (some - none) / 1e9
        print(
            f"{width}×{height}: {moved / 1e6:.0f} MB and {1e3 * (some - none) / ITERATIONS:.2f} ms "
            f"per iteration of {LANES} channels: {rate:.1f} GB/s; a copy: "
            f"{2 * source.nbytes / copy / 1e9:.1f} GB/s"
        )


if __name__ == "__main__":
    main()
