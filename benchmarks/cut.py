"""What choosing an alpha costs: 16 masks and their normalised cuts.

    python -m benchmarks.cut FOLDER [--number 10]

FOLDER is in VOC's layout. On every image, in turn: PPMG of one class with one alpha, with all of
config.yaml's together, the cuts of these, and the whole choice.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.alpha import CONFIG
from benchmarks.imitation import photographs, smooth_field
from benchmarks.measure import cost, ratio_line
from urn.alpha import alpha_costs
from urn.crf import PPMG_CRF, DenseCRF
from urn.cut import normalised_cut
from urn.refinement import ppmg


def ratios(image: np.ndarray, cam: np.ndarray) -> tuple[float, float, float]:
    """All masks to one; their cuts to them; the whole choice to one mask."""
    alphas = np.array(CONFIG["alphas"])[:, None]
    one, _ = cost(lambda: ppmg(image, {1: cam}, 11))
    several, masks = cost(lambda: ppmg(image, {1: cam}, alphas))
    crf = DenseCRF(image, PPMG_CRF.gaussian, PPMG_CRF.bilateral)
    cuts, _ = cost(lambda: normalised_cut(image, masks == 1, crf))
    choice, _ = cost(lambda: alpha_costs(image, {1: cam}, CONFIG["alphas"], ppmg))
    return several.fair / one.fair, cuts.fair / several.fair, choice.fair / one.fair


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=10)
    arguments = parser.parse_args()

    found = []
    for seed, (image, _, _) in enumerate(photographs(arguments.folder, arguments.number)):
        cam = smooth_field(2, *image.shape[:2], seed)[1]
        if seed == 0:
            ratios(image, cam)  # compiled code is loaded on first use
        found.append(ratios(image, cam))
    names = ("16 masks / one mask", "their cuts / 16 masks", "the whole choice / one mask")
    for name, values in zip(names, np.array(found).T, strict=True):
        print(ratio_line(name, values, digits=2))


if __name__ == "__main__":
    main()
