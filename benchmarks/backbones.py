"""Time and memory of the paper's backbones at full size: images and crops of 512×512.

    python -m benchmarks.backbones [--manifests FILE] [--names resnet38 ...] [--side 512]

For each: the number of parameters; whether its tensors are those of the published checkpoint (FILE
is a JSON of name -> tensor -> shape; ResNet-101's are compared with torchvision's); one forward
pass of the backbone; one iteration of the segmentation model's training, batch 2, with its
checkpoint; one inference with its mirror image; response scaling of the result. Weights are random.
Each backbone runs in its own process, on the GPU if there is one; memory is the step's peak, on the
GPU or of the process.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.models import resnet101

from benchmarks.imitation import VOC_SCALES
from benchmarks.measure import cost, peak_memory
from urn.backbones import Backbone, build_backbone
from urn.backbones.inputs import normalised
from urn.datasets.shapes import SHAPES_CLASSES, write_shapes
from urn.files.images import read_image
from urn.segmentation.channels import select_channels
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.inference import Views, logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor
from urn.segmentation.transforms import training_pipeline
from urn.training.loop import prepare, train
from urn.uncertainty import response_scaling

NAMES = ("resnet38", "resnet101", "scalenet101", "res2net101")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def measured(function: Callable[[], Any]) -> tuple[Any, str]:
    """A call's result, and its time and peak memory as text (Linux)."""
    peak, (spent, result) = peak_memory(lambda: cost(function))
    return result, f"{spent.wall:.1f} s ({spent.busy:.1f} s of processor time), {peak} MB"


def published_shapes(name: str, manifests: Path | None) -> dict[str, list[int]] | None:
    """Tensor shapes of the published checkpoint without its head, if known."""
    if name == "resnet101":
        with torch.device("meta"):
            state = resnet101().state_dict()
        return {key: list(value.shape) for key, value in state.items() if "fc." not in key}
    return json.loads(manifests.read_text())[name] if manifests else None


def agreement(backbone: Backbone, published: dict[str, list[int]] | None) -> str:
    """How the backbone's tensors compare with the published ones, as text."""
    if published is None:
        return "not compared"
    ours = {key: list(value.shape) for key, value in backbone.network.state_dict().items()}
    names = [
        {key: shape for key, shape in shapes.items() if "num_batches_tracked" not in key}
        for shapes in (ours, published)
    ]
    if names[0] == names[1]:
        return f"all {len(names[0])} tensors"
    different = {
        key for key in names[0].keys() | names[1].keys() if names[0].get(key) != names[1].get(key)
    }
    return f"{len(different)} tensors differ: {', '.join(sorted(different)[:3])}"


def one(name: str, side: int, manifests: Path | None, folder: Path) -> None:
    """Measure one backbone and print its rows."""

    def row(step: str, result: str) -> None:
        print(f"{name}\t{step}\t{result}", flush=True)

    write_shapes(folder, train=2, val=0)
    images = sorted((folder / "JPEGImages").iterdir())
    picture = Image.fromarray(read_image(images[0])).resize((side, side))
    prepare(0)
    backbone = build_backbone(name, pretrained=False).eval().to(DEVICE)
    row("parameters", f"{sum(value.numel() for value in backbone.parameters()):,}")
    row("published tensors", agreement(backbone, published_shapes(name, manifests)))
    with torch.inference_mode():
        batch = normalised(picture)[None].to(DEVICE)
        maps, cost = measured(partial(backbone, batch))
    row("stage maps", ", ".join("×".join(map(str, stage.shape[1:])) for stage in maps))
    row("forward", cost)
    del backbone, maps

    classes = len(SHAPES_CLASSES) + 1
    model = build_segmentor(name, classes, pretrained=False, crop_size=side)
    masks = [folder / "SegmentationClass" / f"{image.stem}.png" for image in images]
    samples = [(image, mask, None) for image, mask in zip(images, masks, strict=True)]
    pipeline = training_pipeline(side, (4 * side, side), (0.5, 2.0))
    training = partial(
        train,
        model,
        SegmentationDataset(samples, classes, pipeline),
        iterations=1,
        batch_size=2,
        learning_rate=0.005,
        seed=0,
        work_dir=folder / "work",
        curve=folder / "curve.tsv",
    )
    with redirect_stdout(sys.stderr):  # where mmengine logs
        _, cost = measured(training)
    row("training iteration", cost)

    pixels = np.array(picture)
    response, cost = measured(
        lambda: predict_probabilities(logits_of(model), pixels, Views(ratios=(1,)), DEVICE)
    )
    row("inference", cost)
    labels, kept = select_channels(response, 0.01)
    result, cost = measured(lambda: response_scaling(pixels, kept, VOC_SCALES, labels))
    row("response scaling", f"{cost} ({len(result.labels)} labels)")


def main() -> None:
    """Measure every backbone in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifests", type=Path)
    parser.add_argument("--names", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--side", type=int, default=512)
    arguments = parser.parse_args()
    if len(arguments.names) == 1:
        with tempfile.TemporaryDirectory() as folder:
            one(arguments.names[0], arguments.side, arguments.manifests, Path(folder))
        return
    options = ["--side", str(arguments.side)]
    if arguments.manifests:
        options += ["--manifests", str(arguments.manifests)]
    for name in arguments.names:
        command = [sys.executable, "-m", "benchmarks.backbones", *options, "--names", name]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
