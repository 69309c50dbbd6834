"""Peak memory of every stage by image size, at the defaults of config.yaml.

    python -m benchmarks.memory [--megapixels 1 12 50] [--working-size auto] [--stages cams ...]

The photographs are JPEGs of smooth noise, with 20 classes, 5 tags, and responses in which all 21
classes are probable somewhere. Networks have random weights. Every case runs in its own process and
does what the stage's script does for one image (a training: two iterations).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from benchmarks.crf_memory import smooth
from rules.plan import sizes
from rules.plan.jobs import CAM_VIEWS
from urn.files.archives import read_archive, write_archive
from urn.files.images import image_size, read_image, read_mask, write_grey, write_mask
from urn.working_size import WorkingSize, working_shape

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())
CONFIG |= {name: sizes.decided(CONFIG[name], name, lambda: sizes.MOST) for name in sizes.DECIDED}
CONFIG["pseudo_masks"]["alpha"] = 4.4  # `auto` there; all take the same memory
CLASSES = tuple(f"class {n}" for n in range(1, 21))
TAGS = [1, 2, 3, 4, 5]
AFFINITY_NET = {key: CONFIG["affinity"][key] for key in ("backbone", "output_stride", "radius")}
STAGES: dict[str, Callable[["Case"], None]] = {}


class Case:
    """A photograph, and the files that the stages make of it."""

    def __init__(self, folder: Path, working_size: WorkingSize) -> None:
        self.folder, self.working_size = folder, working_size
        self.photo = folder / "photo.jpg"
        self.mask, self.weight = folder / "mask.png", folder / "weight.png"
        self.size = image_size(self.photo)

    @property
    def image(self) -> np.ndarray:
        """At the working size."""
        return read_image(self.photo, self.working_size)

    def maps(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Labels and maps of an archive."""
        ((_, labels, maps),) = read_archive(self.folder / f"{name}.npz", ["photo"])
        return labels, maps

    def refined(self, name: str, **options: Any) -> None:
        """The pseudo-mask of a refiner."""
        from urn.registry import REFINERS

        labels, maps = self.maps("cams")
        model = self.folder / "affinity.pth" if name == "affinity" else None
        named = dict(zip(labels.tolist(), maps, strict=True))
        mask = REFINERS[name].load(model)(self.image, named, **options)
        write_mask(self.folder / "refined.png", mask, self.size)

    def trained(self, model: Any, dataset: Any, section: str) -> None:
        """Two iterations with the settings of a section."""
        from urn.training.loop import prepare, train

        names = ("batch_size", "learning_rate", "weight_decay", "precision", "channels_last")
        settings = {name: CONFIG[section][name] for name in names}
        prepare(0)
        with tempfile.TemporaryDirectory() as work:
            curve = Path(work) / "curve.tsv"
            train(model, dataset, iterations=2, work_dir=work, curve=curve, seed=0, **settings)


def stage(function: Callable[[Case], None]) -> Callable[[Case], None]:
    """Registers a stage by its function's name."""
    STAGES[function.__name__] = function
    return function


def prepared(folder: Path, megapixels: float, working_size: WorkingSize) -> None:
    """Write a photograph, its masks, CAMs and responses, and the networks."""
    import torch

    from urn.files.models import save_model

    rng = np.random.default_rng(0)
    height, width = round(sqrt(megapixels * 0.75e6)), round(sqrt(megapixels / 0.75e-6))
    pixels = 128 + 40 * smooth(rng, 3, 750, 1000) + rng.normal(0, 3, (3, 750, 1000))
    photo = Image.fromarray(pixels.clip(0, 255).astype(np.uint8).transpose(1, 2, 0))
    photo.resize((width, height)).save(folder / "photo.jpg", quality=90)
    shape = working_shape(height, width, working_size)
    scores = np.exp(3 * smooth(rng, len(CLASSES) + 1, *shape))
    response = scores / scores.sum(axis=0)
    mask = response.argmax(axis=0).astype(np.uint8)
    write_mask(folder / "mask.png", mask, (height, width))
    write_grey(folder / "weight.png", 255 - mask, (height, width))
    cams = smooth(rng, len(TAGS), *shape).clip(0, 1)
    for name, labels, maps in (
        ("cams", np.array(TAGS), cams),
        ("responses", np.arange(len(response)), response),
    ):
        write_archive(folder / f"{name}.npz", [("photo", labels, maps)])
    torch.manual_seed(0)
    save_model(classifier(), folder / "classifier.pth", {})
    save_model(affinity_network(), folder / "affinity.pth", {"build": AFFINITY_NET})
    save_model(segmentor(), folder / "segmentor.pth", {})


def classifier() -> Any:
    """SEAM with random weights."""
    from urn.classification.network import SEAM

    settings = CONFIG["classification"]
    return SEAM(settings["backbone"], len(CLASSES), settings["output_stride"], pretrained=False)


def affinity_network() -> Any:
    """AffinityNet with random weights."""
    from urn.affinity.network import AffinityNet

    return AffinityNet(**AFFINITY_NET, pretrained=False)


def segmentor() -> Any:
    """The segmentation model with random weights."""
    from urn.segmentation.model import build_segmentor

    settings = CONFIG["segmentation"]
    names = ("output_stride", "head_channels", "auxiliary_channels")
    return build_segmentor(
        "efficientnet_lite0",
        len(CLASSES) + 1,
        crop_size=settings["crop"],
        pretrained=False,
        **{name: settings[name] for name in names},
    )


@stage
def index(case: Case) -> None:
    """Checking the image and its mask."""
    from urn.datasets.index import Entry, Record
    from urn.datasets.validation import validate

    entry = Entry("photo", "train", case.photo, case.mask, CLASSES[:5])
    assert not validate([Record(entry, case.photo, 1)], CLASSES)


@stage
def train_classifier(case: Case) -> None:
    """SEAM's training."""
    from urn.classification.dataset import TaggedImages

    settings = CONFIG["classification"]
    samples = [(case.photo, TAGS)] * settings["batch_size"]
    sizes = (settings["crop"], settings["long_side"], case.working_size)
    case.trained(classifier(), TaggedImages(samples, len(CLASSES), *sizes), "classification")


@stage
def cams(case: Case) -> None:
    """CAMs at all scales."""
    from urn.classification.inference import multi_scale_cam
    from urn.files.models import load_for_inference

    settings = CONFIG["classification"]
    model = load_for_inference(case.folder / "classifier.pth", lambda _: classifier())
    views = {name: settings[name] for name in CAM_VIEWS}
    found = multi_scale_cam(model, case.image, TAGS, **views)
    write_archive(case.folder / "found.npz", [("photo", np.array(TAGS), found)])


@stage
def pseudo_masks_ppmg(case: Case) -> None:
    """The refiner `ppmg`."""
    names = ("alpha", "cam_threshold", "cv_scale")
    case.refined("ppmg", **{name: CONFIG["pseudo_masks"][name] for name in names})


@stage
def pseudo_masks_crf(case: Case) -> None:
    """The refiner `crf`."""
    case.refined("crf", alpha=CONFIG["pseudo_masks"]["alpha"])


@stage
def train_affinity(case: Case) -> None:
    """AffinityNet's training."""
    from urn.affinity.dataset import LabelledImages

    settings = CONFIG["affinity"]
    samples = [(case.photo, case.mask)] * settings["batch_size"]
    sizes = (settings["crop"], settings["long_side"], case.working_size)
    case.trained(affinity_network(), LabelledImages(samples, *sizes), "affinity")


@stage
def pseudo_masks_affinity(case: Case) -> None:
    """The refiner `affinity`."""
    names = ("beta", "log_t")
    case.refined("affinity", **{name: CONFIG["affinity"][name] for name in names})


@stage
def train_segmentation(case: Case) -> None:
    """A training with weight masks."""
    from urn.segmentation.dataset import SegmentationDataset
    from urn.segmentation.transforms import training_pipeline

    settings = CONFIG["segmentation"]
    samples = [(case.photo, case.mask, case.weight)] * settings["batch_size"]
    pipeline = training_pipeline(
        settings["crop"],
        tuple(settings["resize"]),
        tuple(settings["ratios"]),
        working_size=case.working_size,
    )
    case.trained(
        segmentor(), SegmentationDataset(samples, len(CLASSES) + 1, pipeline), "segmentation"
    )


@stage
def responses(case: Case) -> None:
    """The averaged softmax."""
    from urn.files.models import load_for_inference
    from urn.segmentation.channels import select_channels
    from urn.segmentation.inference import Views, logits_of, predict_probabilities

    settings = CONFIG["responses"]
    model = load_for_inference(case.folder / "segmentor.pth", lambda _: segmentor())
    views = Views(
        ratios=settings["ratios"],
        scale=tuple(CONFIG["segmentation"]["resize"]),
        window=settings["window"],
        stride=settings["stride"],
    )
    response = predict_probabilities(logits_of(model), case.image, views)
    labels, maps = select_channels(response, settings["minimum"])
    write_archive(case.folder / "found.npz", [("photo", labels, maps)])


@stage
def uncertainty(case: Case) -> None:
    """Response scaling; two scales, as more take no more memory."""
    from urn.uncertainty import response_scaling

    labels, maps = case.maps("responses")
    result = response_scaling(case.image, maps, CONFIG["uncertainty"]["scales"][:2], labels)
    write_mask(case.folder / "cyclic.png", result.mask, case.size)
    write_grey(case.folder / "found.png", result.weight, case.size)


@stage
def predictions(case: Case) -> None:
    """The dense CRF on a response."""
    from urn.refinement import crf_mask

    labels, maps = case.maps("responses")
    write_mask(case.folder / "predicted.png", crf_mask(case.image, maps, labels), case.size)


@stage
def scores(case: Case) -> None:
    """mIoU, the CAMs' scores and the uncertainty's."""
    from urn.evaluation import CamThresholds, ConfusionMatrix, UncertaintyQuality

    mask, weight, truth = read_mask(case.mask), read_mask(case.weight), read_mask(case.mask)
    ConfusionMatrix(len(CLASSES) + 1).add(mask, truth)
    UncertaintyQuality().add(weight, mask, truth)
    CamThresholds(len(CLASSES) + 1).add(*case.maps("cams"), truth)


@stage
def sheets(case: Case) -> None:
    """The panels of a row of every sheet."""
    from urn.datasets.index import Entry
    from urn.figures.panels import panel

    entry = Entry("mask", "train", case.photo, case.mask, CLASSES[:5])
    for kind in ("image", "truth", "mask", "uncertainty", "wrong"):
        panel(kind, entry, case.folder)


@stage
def gallery(case: Case) -> None:
    """The previews of an image with two masks and their uncertainty."""
    from urn.datasets.index import Entry, Index
    from urn.gallery.shard import Layer, write_shard

    index = Index(CLASSES, (Entry("mask", "train", case.photo, case.mask, CLASSES[:5]),))
    kinds = ("mask", "mask", "uncertainty")
    layers = [Layer(kind, kind, str(case.folder)) for kind in kinds]
    write_shard(case.folder / "gallery", index, index.entries, layers)


@stage
def bundle(case: Case) -> None:
    """The ONNX file, checked on the image."""
    from urn.export.onnx import check_onnx, write_onnx
    from urn.files.models import load_model

    model: Any = load_model(case.folder / "segmentor.pth", lambda _: segmentor())[0]
    scale, path = tuple(CONFIG["segmentation"]["resize"]), case.folder / "model.onnx"
    write_onnx(path, model, scale)
    check_onnx(path, model, scale, [case.image])


@stage
def exports(case: Case) -> None:
    """The image and its mask in every format for another trainer."""
    from urn.export.samples import Sample
    from urn.registry import EXPORTS

    sample = Sample("photo", "train", case.photo, case.mask, case.weight)
    for kind, export in EXPORTS.items():
        with tempfile.TemporaryDirectory() as folder:
            export.load()(Path(folder), [sample], ["background", *CLASSES], kind, CONFIG["t"])


def peak(folder: Path, working_size: str, *arguments: str) -> str:
    """Peak in MB of a new process; this one stays small, as its memory counts for a new one."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", "--folder", str(folder)]
    command += ["--working-size", working_size, *arguments]
    with open(folder / "output.txt", "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((folder / "output.txt").read_text()[-2000:])
    return str(usage.ru_maxrss >> 10)


def main() -> None:
    """Run every case and print a table, in MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12, 50])
    parser.add_argument("--working-size", default="auto")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    size = arguments.working_size
    if arguments.folder:
        number = int(size) if size.isdecimal() else size
        if arguments.prepare:
            prepared(arguments.folder, arguments.megapixels[0], number)
        else:
            STAGES[arguments.stages[0]](Case(arguments.folder, number))
        return
    with tempfile.TemporaryDirectory() as work:
        folders = [Path(work) / f"{megapixels:g}" for megapixels in arguments.megapixels]
        for folder in folders:
            folder.mkdir()
            peak(folder, size, "--prepare", "--megapixels", folder.name)
        print("\t".join(["stage", *(f"{folder.name} megapixels" for folder in folders)]))
        for name in arguments.stages:
            peaks = [peak(folder, size, "--stages", name) for folder in folders]
            print("\t".join([name, *peaks]), flush=True)


if __name__ == "__main__":
    main()
