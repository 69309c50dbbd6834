"""Seconds per image of every way to use a trained model.

    python -m benchmarks.prediction BUNDLE FOLDER [--number 8] [--rounds 3] [--threads 1]

BUNDLE is the `model.zip` of a run, FOLDER in VOC's layout. `urn.load` and `python -m urn predict`
look at images as the model's run did; fast, at one size through its windows; whole, at one size in
one piece, which is what `model.onnx` (with onnxruntime) and mmsegmentation's `inference_model` do.
All begin with an image's file; the command also writes masks. In a round the ways take turns, each
over all images, after an image that is not counted; of a command, what one image takes is
subtracted, its start included. Seconds are those of `benchmarks.training`. Printed is also on how
many pixels the labels of the first image are those of the whole pass.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.apis import inference_model, init_model

import urn
from benchmarks.measure import Cost, cost, ratio_line
from urn.datasets.index import BACKGROUND
from urn.export.mmseg import write_checkpoint, write_config
from urn.export.onnx import WHOLE, session_of
from urn.files.images import read_image
from urn.files.models import load_model
from urn.segmentation.model import build_segmentor

WHOLE_PASS = "urn.load, whole"  # what the others are compared with

# From an image file to its H×W class ids.
Way = Callable[[Path], np.ndarray]


def ways(bundle: Path, folder: Path) -> dict[str, Way]:
    """Those within this process, by name; their files lie in `folder`."""
    with zipfile.ZipFile(bundle) as file:
        file.extractall(folder)
    model, fast = urn.load(bundle), urn.load(bundle, fast=True)
    whole = urn.load(bundle, fast=True, window=WHOLE, stride=WHOLE)
    session = session_of(folder / "model.onnx")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    theirs = init_model(*map(str, _for_mmseg(folder, model.settings.resize)), device=device)

    def onnx(path: Path) -> np.ndarray:
        labels: np.ndarray = session.run(["labels"], {"image": read_image(path)})[0]
        return labels

    def mmseg(path: Path) -> np.ndarray:
        labels: np.ndarray = inference_model(theirs, str(path)).pred_sem_seg.data[0].cpu().numpy()
        return labels

    return {
        "urn.load": lambda path: model(path).mask,
        "urn.load, fast": lambda path: fast(path).mask,
        WHOLE_PASS: lambda path: whole(path).mask,
        "model.onnx": onnx,
        "inference_model": mmseg,
    }


def _for_mmseg(folder: Path, scale: tuple[int, int]) -> tuple[Path, Path]:
    """The model in a folder as mmsegmentation takes it."""

    def build(meta: dict[str, Any]) -> Any:
        return build_segmentor(**meta["build"], pretrained=False)

    model, meta = load_model(folder / "model.pth", build)
    config, checkpoint = folder / "config.py", folder / "checkpoint.pth"
    classes = [BACKGROUND, *meta["classes"]]
    write_checkpoint(checkpoint, model, classes)
    write_config(config, meta["build"], scale, classes, "")
    return config, checkpoint


def by_command(bundle: Path, images: Sequence[Path], *options: str) -> float:
    """Seconds per image of `python -m urn predict`, but for its start and the first image."""
    first, whole = (_command_cost(bundle, some, *options) for some in (images[:1], images))
    return (whole - first).fair / (len(images) - 1)


def _command_cost(bundle: Path, images: Sequence[Path], *options: str) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "urn", "predict", bundle, *images, "--output", folder]
        used, _ = cost(
            lambda: subprocess.run([*command, *options], check=True, capture_output=True)
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(used.wall, busy)


def compare(
    bundle: Path, images: Sequence[Path], rounds: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds per image in every round, and the share of pixels labelled as the whole pass does."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        within = ways(bundle, Path(folder))
        labels = {name: way(images[0]) for name, way in within.items()}
        for _ in range(rounds):
            row = {name: _within(way, images) for name, way in within.items()}
            row["urn predict"] = by_command(bundle, images)
            row["urn predict --fast"] = by_command(bundle, images, "--fast")
            for name, seconds in row.items():
                found.setdefault(name, []).append(seconds)
    return found, {
        name: float((made == labels[WHOLE_PASS]).mean()) for name, made in labels.items()
    }


def _within(way: Way, images: Sequence[Path]) -> float:
    return cost(lambda: [way(path) for path in images])[0].fair / len(images)


def main() -> None:
    """Predict in every way and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    photographs = sorted((arguments.folder / "JPEGImages").glob("*.jpg"))
    chosen = [
        photographs[i * len(photographs) // arguments.number] for i in range(arguments.number)
    ]
    found, agreement = compare(arguments.bundle, chosen, arguments.rounds)
    for name, share in agreement.items():
        print(f"{name}: {100 * share:.3f} % of the labels are those of {WHOLE_PASS}")
    for name, row in found.items():
        print(f"{name}: {np.median(row):.3f} s per image")
        print(ratio_line(f"{name} / {WHOLE_PASS}", np.divide(row, found[WHOLE_PASS]), digits=2))


if __name__ == "__main__":
    main()
