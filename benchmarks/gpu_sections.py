"""What `benchmarks.gpu` measures, section by section; each prints its rows as lines of JSON.

python -m benchmarks.gpu_sections SECTION FOLDER full|toy
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch

from benchmarks import inference, trainings
from benchmarks.imitation import VOC_SCALES, photographs, smooth_field
from benchmarks.measure import cost, peak_memory
from urn.crf import PPMG_CRF, SEGMENTATION_CRF, DenseCRF
from urn.segmentation.inference import PUBLISHED, Views
from urn.uncertainty import response_scaling

REPOSITORY = Path(__file__).parents[1]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BACKBONES = ("resnet38", "resnet101", "scalenet101", "res2net101")
PRECISIONS = ("float32", "bfloat16", "float16")

# What was measured, and the number (with its unit) or words.
Row = tuple[str, str]


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        generated: H×W of the images, where they are generated.
        images: of the CRF's and inference's sections.
        crop, batch, head_channels: of trainings.
        workers: processes that load samples, of both sides.
        rounds, steps: see `benchmarks.trainings.in_turn`.
        views: of inference.
    """

    generated: tuple[int, int]
    images: int
    crop: int
    batch: int
    head_channels: int
    workers: int
    rounds: int
    steps: int
    views: Views


SIZES = {
    "full": Size((375, 500), 4, 512, 8, 512, min(8, os.cpu_count() or 1), 2, 4, PUBLISHED),
    "toy": Size((48, 64), 1, 64, 2, 32, 0, 1, 1, Views(ratios=(0.25,), window=96, stride=80)),
}


def crf(folder: Path, size: Size) -> Iterator[Row]:
    """The torch backend on this device against the numba engine: marginals, masks, speed."""
    for name, parameters in (("refinement", PPMG_CRF), ("segmentation", SEGMENTATION_CRF)):
        differences, others = [], []
        for labels, (seed, (image, _, _)) in product(
            (2, 21), enumerate(photographs(folder, size.images))
        ):
            field = smooth_field(labels, *image.shape[:2], seed)
            expected, found = (
                DenseCRF(image, parameters.gaussian, parameters.bilateral, backend).inference(
                    field, parameters.iterations
                )
                for backend in ("numba", "torch")
            )
            differences.append(np.abs(found - expected).max())
            others.append((found.argmax(axis=0) != expected.argmax(axis=0)).mean())
        yield f"{name}'s CRF: largest difference of a marginal", f"{max(differences):.1e}"
        yield f"{name}'s CRF: argmax differs on", f"{100 * np.mean(others):.4f} % of pixels"


def scaling(folder: Path, size: Size) -> Iterator[Row]:
    """Response scaling by the torch backend on this device and by the numba engine."""
    seconds: dict[str, list[float]] = {"torch": [], "numba": []}
    masks, weights, peak = [], [], 0
    for seed, (image, ids, response) in enumerate(photographs(folder, size.images)):
        found = {}
        for backend, spent in seconds.items():
            scale = partial(response_scaling, image, response, VOC_SCALES, ids, backend)
            if seed == 0:  # compiled code is loaded on first use
                memory, _ = peak_memory(scale)
                peak = memory if backend == "torch" else peak
            taken, found[backend] = cost(scale)
            spent.append(taken.wall)
        masks.append((found["torch"].mask == found["numba"].mask).mean())
        weights.append((found["torch"].weight == found["numba"].weight).mean())
    yield "response scaling: cyclic masks equal on", f"{100 * np.mean(masks):.4f} % of pixels"
    yield "response scaling: weight masks equal on", f"{100 * np.mean(weights):.4f} % of pixels"
    for backend, spent in seconds.items():
        where = DEVICE if backend == "torch" else "one core"
        yield f"response scaling, {backend} on {where}", f"{1 / np.mean(spent):.2f} images/s"
    yield "response scaling, torch: peak memory", f"{peak} MB"


def training(backbone: str, folder: Path, size: Size) -> Iterator[Row]:
    """Training by us and by plain mmsegmentation, in turn, in every precision."""
    for precision in PRECISIONS:
        with tempfile.TemporaryDirectory() as work:
            setting = trainings.Setting(
                folder=folder,
                ids=folder / "ImageSets/Segmentation/train.txt",
                work=Path(work),
                backbone=backbone,
                crop=size.crop,
                batch=size.batch,
                workers=size.workers,
                head_channels=size.head_channels,
            )
            sides = {"ours": trainings.ours}
            if DEVICE == "cuda" or precision == "float32":
                sides["mmsegmentation"] = trainings.plain
            title = f"training {backbone}, {precision}"
            runs = {}
            for name, side in sides.items():
                runs[name] = side(setting, precision)
                peak, _ = peak_memory(partial(runs[name], 1))
                yield f"{title}, {name}: peak memory", f"{peak} MB"
            means = trainings.in_turn(list(runs.values()), size.rounds, size.steps)
            seconds = dict(zip(runs, map(np.median, means), strict=True))
            for name, spent in seconds.items():
                yield f"{title}, {name}", f"{size.batch / spent:.2f} images/s"
            if "mmsegmentation" in seconds:
                ratio = seconds["mmsegmentation"] / seconds["ours"]
                yield f"{title}: mmsegmentation's time / ours", f"{ratio:.2f}"


def prediction(folder: Path, size: Size) -> Iterator[Row]:
    """Inference as configured, by us and by plain mmsegmentation."""
    ids = (folder / "ImageSets/Segmentation/train.txt").read_text().split()[: size.images]
    paths = [folder / "JPEGImages" / f"{image_id}.jpg" for image_id in ids]
    compare = partial(
        inference.compare, paths, "res2net101", size.head_channels, size.views, DEVICE
    )
    peak, result = peak_memory(compare)
    yield "inference res2net101, ours", f"{1 / np.mean(result.ours):.2f} images/s"
    yield "inference res2net101, mmsegmentation", f"{1 / np.mean(result.plain):.2f} images/s"
    ratio = np.median(result.plain / result.ours)
    yield "inference res2net101: mmsegmentation's time / ours", f"{ratio:.2f}"
    yield "inference res2net101: masks agree on", f"{100 * result.agreement.mean():.2f} % of pixels"
    yield "inference res2net101, both: peak memory", f"{peak} MB"


def pipeline(folder: Path, size: Size) -> Iterator[Row]:
    """The tests' tiny pipeline from its images to the final score; `folder` is not used."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "snakemake", "--cores", str(min(4, os.cpu_count() or 1))]
        command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", work]
        command += ["--workflow-profile", str(REPOSITORY / "profiles/default")]
        command += ["--configfile", str(REPOSITORY / "tests/tiny.yaml")]
        command += ["--", "results/tiny/efficientnet_lite0/miou.txt"]
        spent, done = cost(
            partial(subprocess.run, command, capture_output=True, text=True, check=False)
        )
        if done.returncode:
            raise SystemExit(f"snakemake failed: {done.stderr[-500:]}")
        score = (Path(work) / "results/tiny/efficientnet_lite0/miou.txt").read_text()
    yield "tiny pipeline, end to end", f"{spent.wall:.0f} s"
    yield "tiny pipeline: its score was written", score.split()[0]


# Name -> what it does and the seconds it may take.
SECTIONS: dict[str, tuple[Callable[[Path, Size], Iterator[Row]], int]] = {
    "crf": (crf, 45),
    "response_scaling": (scaling, 45),
    **{f"training_{name}": (partial(training, name), 60) for name in BACKBONES},
    "inference": (prediction, 50),
    "pipeline": (pipeline, 80),
}


def main() -> None:
    """Measure one section, and print its rows as soon as they are known."""
    section, folder, size = sys.argv[1:]
    measure, _ = SECTIONS[section]
    for what, value in measure(Path(folder), SIZES[size]):
        print(json.dumps({"section": section, "what": what, "value": value}), flush=True)


if __name__ == "__main__":
    main()
