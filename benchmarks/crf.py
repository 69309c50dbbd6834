"""The dense CRF by number of labels, and PPMG: the published way against this engine.

    python -m benchmarks.crf FOLDER [--number 10]

FOLDER is in VOC's layout. Both run in turn on every image, with one field per label
count. Construction counts, as every image needs it.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.imitation import photographs, smooth_field
from benchmarks.measure import ratio_line, seconds
from benchmarks.published import plain_crf, plain_foreground
from urn.crf import PPMG_CRF, SEGMENTATION_CRF, DenseCRF

LABELS = (2, 3, 5, 21, 81)


def crf_mask(image: np.ndarray, field: np.ndarray) -> np.ndarray:
    """The engine's argmax."""
    crf = DenseCRF(image, SEGMENTATION_CRF.gaussian, SEGMENTATION_CRF.bilateral, "numba")
    return crf.masks(field, SEGMENTATION_CRF.iterations)


def foreground(image: np.ndarray, cams: np.ndarray, alpha: float) -> np.ndarray:
    """The two-label CRFs of PPMG by the engine."""
    crf = DenseCRF(image, PPMG_CRF.gaussian, PPMG_CRF.bilateral, "numba")
    fields = np.stack([(1 - cams) ** alpha, cams], axis=1)
    return crf.masks(fields, PPMG_CRF.iterations) == 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=10)
    arguments = parser.parse_args()

    ratios: dict[str, list[float]] = {}
    images = [image for image, _, _ in photographs(arguments.folder, arguments.number)]
    for seed, image in enumerate(images):
        size = image.shape[:2]
        for labels in LABELS:
            field = smooth_field(labels, *size, seed)
            crf_mask(image, field)
            plain, _ = seconds(lambda: plain_crf(image, field, SEGMENTATION_CRF))  # noqa: B023
            engine, _ = seconds(lambda: crf_mask(image, field))  # noqa: B023
            ratios.setdefault(f"CRF, {labels} labels", []).append(plain / engine)
        for classes in (1, 2, 3):
            cams = smooth_field(classes + 1, *size, seed)[1:]
            foreground(image, cams, 11)
            plain, _ = seconds(lambda: plain_foreground(image, cams, 11))  # noqa: B023
            engine, _ = seconds(lambda: foreground(image, cams, 11))  # noqa: B023
            ratios.setdefault(f"PPMG, {classes} classes", []).append(plain / engine)
    for name, values in ratios.items():
        print(ratio_line(f"{name}, published / engine", np.array(values)))


if __name__ == "__main__":
    main()
