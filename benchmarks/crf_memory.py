"""Peak memory of the dense CRF by image size, and by the limit for the fields in work.

    python -m benchmarks.crf_memory

Images and responses are smooth noise, so that all labels are present; each case runs in its own
process. A small image comes first, to measure Python, NumPy and the engine's code.
"""

import resource
import subprocess
import sys

import numpy as np
from scipy.ndimage import zoom

from urn.crf import SEGMENTATION_CRF, DenseCRF

CASES = (
    # width, height, labels, fields, MB for the fields in work
    (50, 40, 2, 2, 512),
    (500, 375, 5, 8, 512),
    (500, 375, 21, 1, 512),
    (4000, 3000, 4, 1, 512),
    (4000, 3000, 4, 8, 512),
    (4000, 3000, 4, 8, 4096),
)


def smooth(rng: np.random.Generator, channels: int, height: int, width: int) -> np.ndarray:
    """C×H×W float32 noise of 12 by 16 cells."""
    shape = (1, height / 12, width / 16)
    return zoom(rng.normal(size=(channels, 12, 16)).astype(np.float32), shape, order=1)


def one(width: int, height: int, labels: int, fields: int, megabytes: int) -> None:
    """Run one case and print its peak memory in MB."""
    rng = np.random.default_rng(0)
    image = 128 + 40 * smooth(rng, 3, height, width)
    image += rng.normal(0, 3, image.shape).astype(np.float32)
    image = image.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
    scores = np.exp(3 * smooth(rng, labels, height, width))
    response = scores / scores.sum(axis=0)
    del scores
    crf = DenseCRF(
        image, SEGMENTATION_CRF.gaussian, SEGMENTATION_CRF.bilateral, "numba", 1, megabytes << 20
    )
    crf.masks(np.repeat(response[None], fields, axis=0), SEGMENTATION_CRF.iterations)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    """Run every case and print a table."""
    if len(sys.argv) > 1:
        one(*map(int, sys.argv[1:]))
        return
    print("size\tlabels\tfields\tlimit_mb\tpeak_mb")
    for width, height, labels, fields, megabytes in CASES:
        case = [str(x) for x in (width, height, labels, fields, megabytes)]
        command = [sys.executable, "-m", "benchmarks.crf_memory", *case]
        peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(f"{width}×{height}\t{labels}\t{fields}\t{megabytes}\t{peak}", flush=True)


if __name__ == "__main__":
    main()
