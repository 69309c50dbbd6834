"""Training by us against plain mmsegmentation's, on photographs.

    python -m benchmarks.training FOLDER [--backbones ...] [--crop 512] [--batch 2] [--threads 1]

FOLDER is in VOC's layout. The network, its weights, crop, batch and threads are the same; samples
are loaded in the process that trains (`--workers 0`). Trainings take turns: in a round each does
one iteration that is not counted and `--steps` that are. Compared are, on processors, the seconds
that the process was busy; on a GPU those that passed. mmsegmentation's mixed precision needs a GPU.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import ratio_line
from benchmarks.trainings import Setting, Training, in_turn, ours, plain

BACKBONES = ("efficientnet_lite0", "res2net101")


def main() -> None:
    """Train both ways and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backbones", nargs="+", default=BACKBONES)
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--crop", type=int, default=512)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--head-channels", type=int, default=512)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    for backbone in arguments.backbones:
        with tempfile.TemporaryDirectory() as work:
            setting = Setting(
                folder=arguments.folder,
                ids=arguments.folder / "ImageSets/Segmentation/train.txt",
                work=Path(work),
                backbone=backbone,
                crop=arguments.crop,
                batch=arguments.batch,
                workers=arguments.workers,
                head_channels=arguments.head_channels,
            )
            trainings: dict[str, Training] = {}
            for precision in arguments.precisions:
                trainings[f"ours, {precision}"] = ours(setting, precision)
                if precision == "float32" or torch.cuda.is_available():
                    trainings[f"mmsegmentation, {precision}"] = plain(setting, precision)
            rows = in_turn(list(trainings.values()), arguments.rounds, arguments.steps)
        means = {name: np.array(row) for name, row in zip(trainings, rows, strict=True)}
        for name, row in means.items():
            print(f"{backbone}, {name}: {np.median(row):.2f} s per iteration", flush=True)
        for name, row in means.items():
            if name.startswith("ours"):
                for other in [name for name in means if name.startswith("mmseg")]:
                    title = f"{backbone}, {other} / {name}"
                    print(ratio_line(title, means[other] / row, digits=2), flush=True)


if __name__ == "__main__":
    main()
