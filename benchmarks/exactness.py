"""How much the CRF engine differs from pydensecrf on photographs.

    python -m benchmarks.exactness FOLDER [--number 100] [--backend numba]

FOLDER is in VOC's layout. It compares marginals and argmax of every image, with one of three
parameter sets and one of the label counts 2, 3, 5, 9, 21 (all combinations in turn), and response
scaling with the published way.
"""

import argparse
from itertools import cycle, product
from pathlib import Path

import numpy as np

from benchmarks.imitation import VOC_SCALES, photographs, smooth_field
from benchmarks.published import plain_crf, plain_response_scaling
from urn.crf import PPMG_CRF, SEGMENTATION_CRF, CRFParameters, DenseCRF
from urn.uncertainty import response_scaling

PARAMETERS = {
    "PPMG": PPMG_CRF,
    "segmentation": SEGMENTATION_CRF,
    "pydensecrf's example": CRFParameters(gaussian=(3, 3), bilateral=(80, 13, 10), iterations=5),
}


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--backend", default="numba")
    arguments = parser.parse_args()

    largest = dict.fromkeys(PARAMETERS, 0.0)
    pixels, other_labels = dict.fromkeys(PARAMETERS, 0), dict.fromkeys(PARAMETERS, 0)
    masks, weights = [], []
    cases = cycle(product(PARAMETERS, (2, 3, 5, 9, 21)))
    for seed, (image, _, response) in enumerate(photographs(arguments.folder, arguments.number)):
        name, labels = next(cases)
        parameters = PARAMETERS[name]
        field = smooth_field(labels, *image.shape[:2], seed)
        expected = plain_crf(image, field, parameters)
        crf = DenseCRF(image, parameters.gaussian, parameters.bilateral, arguments.backend)
        found = crf.inference(field, parameters.iterations)
        largest[name] = max(largest[name], float(np.abs(found - expected).max()))
        pixels[name] += found[0].size
        other_labels[name] += int((found.argmax(axis=0) != expected.argmax(axis=0)).sum())

        mask, _, weight = plain_response_scaling(image, response, VOC_SCALES)
        result = response_scaling(image, response, VOC_SCALES, backend=arguments.backend)
        masks.append((result.mask == mask).mean())
        weights.append((result.weight == weight).mean())
    for name in PARAMETERS:
        print(
            f"{name}: largest difference of a marginal {largest[name]:.1e}, argmax differs on "
            f"{other_labels[name]} of {pixels[name]} pixels"
        )
    print(
        f"cyclic masks: equal on {100 * np.mean(masks):.5f} % of pixels, worst image "
        f"{100 * min(masks):.4f} %"
    )
    print(
        f"weight masks: equal on {100 * np.mean(weights):.5f} % of pixels, worst image "
        f"{100 * min(weights):.4f} % ({len(masks)} images)"
    )


if __name__ == "__main__":
    main()
