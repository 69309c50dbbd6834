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

from urn.alpha import alpha_costs, choose
from urn.alpha_scores import Sample, score_alphas
from urn.datasets.index import Index, read_index
from urn.files.archives import read_archive
from urn.files.images import read_image, read_mask
from urn.registry import REFINERS

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())["pseudo_masks"]
STEPS = (1, 2, 3, len(CONFIG["alphas"]))


def samples(index: Index, archives: list[str], every: int) -> Iterator[Sample]:
    """Every so many of the archives' images with a mask."""
    for archive in archives:
        held = {name.rpartition("/")[0] for name in np.load(archive).files}
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
    alphas = CONFIG["alphas"]
    costs = {
        image_id: alpha_costs(image, cams, alphas, refine)
        for image_id, image, cams, _ in samples(index, archives, every)
    }
    common, _ = choose(costs, 0)
    scores = score_alphas(
        samples(index, archives, every),
        alphas,
        [choose(costs, steps)[1] for steps in STEPS],
        refine,
        index.num_classes,
        index.unused,
    )
    found = {
        "images": len(costs),
        "best alpha": alphas[int(np.argmax(scores.single))],
        "chosen alpha": alphas[common],
        "the best alpha": 100 * max(scores.single),
        "the chosen alpha": 100 * scores.single[common],
    }
    for steps, score in zip(STEPS, scores.chosen, strict=True):
        name = "any" if steps == STEPS[-1] else f"at most {steps} from it"
        found[f"for each class in an image: {name}"] = 100 * score
    return found | {"each image's best": 100 * scores.best}


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
