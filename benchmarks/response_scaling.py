"""Response scaling of photographs: the published way, the reference backend, this engine.

    python -m benchmarks.response_scaling FOLDER [--number 20]

FOLDER is in VOC's layout (JPEGImages, SegmentationClass). The three run in turn on every image,
so that other load on the machine affects all alike. It prints a row per image, and the median and
quartiles of the ratios of times.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.imitation import VOC_SCALES, photographs
from benchmarks.measure import ratio_line, seconds
from benchmarks.published import plain_response_scaling
from urn.uncertainty import response_scaling


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=20)
    arguments = parser.parse_args()

    print("size\tchannels\tlabels\tpublished_s\treference_s\tengine_s\tmasks_equal\tweights_equal")
    times = []
    for i, (image, _, response) in enumerate(photographs(arguments.folder, arguments.number)):
        if i == 0:  # compiled code is loaded on first use
            response_scaling(image, response, VOC_SCALES)
        published, (mask, _, weight) = seconds(
            lambda: plain_response_scaling(image, response, VOC_SCALES)  # noqa: B023
        )
        reference, _ = seconds(
            lambda: response_scaling(image, response, VOC_SCALES, backend="pydensecrf")  # noqa: B023
        )
        engine, found = seconds(
            lambda: response_scaling(image, response, VOC_SCALES, backend="numba")  # noqa: B023
        )
        times.append((published, reference, engine))
        height, width = image.shape[:2]
        print(
            f"{width}×{height}\t{len(response)}\t{len(found.labels)}\t{published:.2f}"
            f"\t{reference:.2f}\t{engine:.3f}\t{(found.mask == mask).mean():.6f}"
            f"\t{(found.weight == weight).mean():.6f}",
            flush=True,
        )
    published, reference, engine = np.array(times).T
    print(ratio_line("published / engine", published / engine))
    print(ratio_line("reference / engine", reference / engine))
    print(f"engine: {len(engine) / engine.sum():.2f} images per second on one core")


if __name__ == "__main__":
    main()
