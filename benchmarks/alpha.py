"""Is an alpha that is chosen without truth as good as one that is chosen with it?

    python -m benchmarks.alpha results/<dataset>/index.csv results/<dataset>/cam/shards/*.npz
        [--every 1] [--refiner ppmg]

It refines CAMs at every alpha of config.yaml, scores the masks against the truth, and prints the
mIoU (%) of one alpha for all images, chosen with truth and by what they cost; of alphas chosen
by it for every class in every image, up to so many places from that one; and of each image's
best alpha, chosen with truth, the most that a choice by image could reach.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from urn.alpha import Costs, alpha_costs, choose
from urn.datasets.index import Index, read_index
from urn.evaluation import ConfusionMatrix
from urn.files.archives import read_archive
from urn.files.images import read_image, read_mask
from urn.registry import REFINERS
from urn.working_size import enlarge_labels

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())["pseudo_masks"]
STEPS = (1, 2, 3, len(CONFIG["alphas"]))

Sample = tuple[str, np.ndarray, dict[int, np.ndarray], np.ndarray]  # id, image, CAMs, truth


def samples(index: Index, archives: list[str], every: int) -> Iterator[Sample]:
    """Every so many of the archives' images with a mask."""
    for archive in archives:
        held = {name.partition("/")[0] for name in np.load(archive).files}
        entries = [entry for entry in index.entries if entry.id in held and entry.mask]
        ids = [entry.id for entry in entries][::every]
        for image_id, labels, maps in read_archive(archive, ids):
            entry = index[image_id]
            truth = read_mask(str(entry.mask))
            image = read_image(entry.image, "auto")
            yield image_id, image, dict(zip(labels.tolist(), maps, strict=True)), truth


def compared(index: Index, archives: list[str], every: int, refiner: str) -> dict[str, float]:
    """mIoU (%) by how alpha was chosen, and the alphas of the first two."""
    options = {key: CONFIG[key] for key in REFINERS[refiner].settings if key != "alpha"}
    refine = partial(REFINERS[refiner].load(), **options)
    alphas = np.array(CONFIG["alphas"])

    def matrix() -> ConfusionMatrix:
        return ConfusionMatrix(index.num_classes, index.unused)

    totals, best = [matrix() for _ in alphas], matrix()
    costs: dict[str, Costs] = {}
    for image_id, image, cams, truth in samples(index, archives, every):
        masks = refine(image, cams, alpha=alphas[:, None])
        costs[image_id] = alpha_costs(image, cams, CONFIG["alphas"], refine)
        scored = [enlarge_labels(mask, truth.shape) for mask in masks]
        own = []
        for total, mask in zip(totals, scored, strict=True):
            total.add(mask, truth)
            single = matrix()
            single.add(mask, truth)
            own.append(single.miou)
        best.add(scored[int(np.argmax(own))], truth)
    scores = [total.miou for total in totals]
    common, _ = choose(costs, 0)
    found = {
        "images": len(costs),
        "best alpha": alphas[int(np.argmax(scores))],
        "chosen alpha": alphas[common],
        "the best alpha": 100 * max(scores),
        "the chosen alpha": 100 * scores[common],
    }
    chosen = {steps: (choose(costs, steps)[1], matrix()) for steps in STEPS}
    for image_id, image, cams, truth in samples(index, archives, every):
        own_alphas = [
            [alphas[places[image_id][label]] for label in cams] for places, _ in chosen.values()
        ]
        masks = refine(image, cams, alpha=own_alphas)
        for mask, (_, total) in zip(masks, chosen.values(), strict=True):
            total.add(enlarge_labels(mask, truth.shape), truth)
    for steps, (_, total) in chosen.items():
        name = "any" if steps == STEPS[-1] else f"at most {steps} from it"
        found[f"for each class in an image: {name}"] = 100 * total.miou
    return found | {"each image's best": 100 * best.miou}


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="use each so many-th image")
    parser.add_argument("--refiner", choices=["crf", "ppmg"], default="ppmg")
    arguments = parser.parse_args()
    index = read_index(arguments.index)
    for name, value in compared(
        index, arguments.archives, arguments.every, arguments.refiner
    ).items():
        print(f"{name}\t{value:.4g}")


if __name__ == "__main__":
    main()
