"""Can the cut choose between refiners, too? PPMG's masks and a dense CRF's as candidates together.

    python -m benchmarks.refiners results/<dataset>/index.csv results/<dataset>/cam/shards/*.npz
        [--every 1] [--steps 1]

Images of one class are refined by both, at every alpha of config.yaml. It prints the mIoU (%) of
each refiner's best alpha by truth, and that of the masks which cost least: among each refiner's, up
to so many places from the alpha that costs least on average, and among all of these together, by
their costs and by their costs in comparison with those of that alpha.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.alpha import CONFIG, samples
from urn.alpha import TRUST, Costs, alpha_costs, class_costs
from urn.alpha_scores import Choice, Sample, score_alphas
from urn.datasets.index import read_index
from urn.refinement import crf_refine, ppmg

ALPHAS = np.array(CONFIG["alphas"])
PLACES = range(2 * len(ALPHAS))  # PPMG's alphas, then the CRF's


def refine(image: np.ndarray, cams: dict[int, np.ndarray], alpha: np.ndarray) -> np.ndarray:
    """Masks of one class, at some of `PLACES` instead of alphas."""
    smooth = {key: CONFIG[key] for key in ("cam_threshold", "cv_scale")}
    both = ppmg(image, cams, ALPHAS[:, None], **smooth), crf_refine(image, cams, ALPHAS[:, None])
    return np.concatenate(both)[alpha[..., 0].astype(int)]


def cheapest(images: Mapping[str, Costs], places: list[int], scale: np.ndarray) -> Choice:
    """As `urn.alpha.choose`, among some of `PLACES`, with costs as shares of others."""
    means = class_costs(images)
    return {
        image: {
            label: places[int(((values + TRUST * means[label]) / scale)[places].argmin())]
            for label, values in costs.items()
        }
        for image, costs in images.items()
    }


def main() -> None:
    """Refine, choose, score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="use each so many-th image")
    parser.add_argument("--steps", type=int, default=1, help="places from the common alpha")
    arguments = parser.parse_args()
    index = read_index(arguments.index)

    def of_one_class() -> Iterator[Sample]:
        for sample in samples(index, arguments.archives, arguments.every):
            if len(sample[2]) == 1:
                yield sample

    costs = {
        image_id: alpha_costs(image, cams, PLACES, refine)
        for image_id, image, cams, _ in of_one_class()
    }
    average = np.mean([next(iter(values.values())) for values in costs.values()], axis=0)
    halves = np.split(np.array(PLACES), 2)
    common = [half[average[half].argmin()] for half in halves]
    near = [
        [int(place) for place in half if abs(place - middle) <= arguments.steps]
        for half, middle in zip(halves, common, strict=True)
    ]
    equal, own = np.ones(len(PLACES)), np.repeat(average[common], len(ALPHAS))
    choices = {
        "ppmg": cheapest(costs, near[0], equal),
        "crf": cheapest(costs, near[1], equal),
        "both, by cost": cheapest(costs, [*near[0], *near[1]], equal),
        "both, by relative cost": cheapest(costs, [*near[0], *near[1]], own),
    }
    scores = score_alphas(
        of_one_class(), PLACES, list(choices.values()), refine, index.num_classes, index.unused
    )
    print(f"images\t{len(costs)}")
    for name, half in zip(("ppmg", "crf"), halves, strict=True):
        print(f"{name}, best alpha\t{100 * max(scores.single[place] for place in half):.1f}")
    for (name, choice), score in zip(choices.items(), scores.chosen, strict=True):
        of_crf = np.mean(
            [place >= len(ALPHAS) for own in choice.values() for place in own.values()]
        )
        print(f"{name}\t{100 * score:.1f}\tof the CRF {of_crf:.0%}")


if __name__ == "__main__":
    main()
