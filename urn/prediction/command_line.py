"""The commands `predict` and `evaluate`; what they are given and what they print."""

import argparse
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

import urn
from urn.errors import UserError

PREDICT = """Masks of photographs. Writes FOLDER/masks/<name>.png for every image, subfolders as
those of the images, and FOLDER/predictions.csv. The settings are those that the model was
evaluated with in its run. Files that are there already are kept: to go on after a stop, run the
same command again."""
EVALUATE = """Predicts images whose true masks are known, and prints the IoU of every class."""


def parser() -> argparse.ArgumentParser:
    """Of the command line of `python -m urn`."""
    whole = argparse.ArgumentParser(prog="urn", description="Use a trained model.")
    whole.add_argument("--version", action="version", version=urn.__version__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    predict = commands.add_parser("predict", help="masks of photographs", description=PREDICT)
    evaluate = commands.add_parser(
        "evaluate", help="scores where masks are known", description=EVALUATE
    )
    for command in (predict, evaluate):
        command.add_argument("model", type=Path, metavar="MODEL", help="model.pth, or model.zip")
        command.add_argument(
            "images",
            nargs="+",
            metavar="IMAGES",
            help="a folder, files, a list of paths (.txt), or a pattern in quotes",
        )
    evaluate.add_argument("masks", type=Path, metavar="MASKS", help="folder with <name>.png")
    predict.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    evaluate.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="keep predictions, iou.tsv, confusion.tsv and confusion.png there",
    )
    for kind, what in (
        ("overlays", "--overlay: pictures of the masks over the images"),
        ("probabilities", "--probabilities: float16 archives, see urn.files.archives"),
        ("uncertainty", "--uncertainty: 255·U by response scaling, 8-bit grey"),
    ):
        option, _, text = what.partition(": ")
        predict.add_argument(
            option, dest="kinds", action="append_const", const=kind, help=f"also {kind}/: {text}"
        )
    for command in (predict, evaluate):
        _add_settings(command)
        command.set_defaults(kinds=None)
    predict.set_defaults(run=run_predict)
    evaluate.set_defaults(run=run_evaluate)
    return whole


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--gpus", type=int, default=1, metavar="N", help="that share the images; one by default"
    )
    command.add_argument(
        "--cores",
        type=int,
        default=1,
        metavar="N",
        help="that share the images where there is no GPU; one by default",
    )
    command.add_argument("--overwrite", action="store_true", help="keep no earlier file")
    group = command.add_argument_group("settings", "in place of those of the model's run")
    group.add_argument(
        "--fast", action="store_true", help="one size, no mirror image, no CRF, unless given"
    )
    changes: dict[str, dict[str, Any]] = {
        "ratios": {"type": float, "nargs": "+", "help": "sizes of the image that are averaged"},
        "flip": {"action": argparse.BooleanOptionalAction, "help": "average mirror images, too"},
        "window": {"type": int, "metavar": "PIXELS", "help": "side of the sliding windows"},
        "stride": {"type": int, "metavar": "PIXELS", "help": "step between them"},
        "crf": {"action": argparse.BooleanOptionalAction, "help": "sharpen masks by a dense CRF"},
        "crf-backend": {"choices": ["auto", "numba", "torch", "pydensecrf"]},
        "working-size": {
            "type": _working_size,
            "metavar": "SIZE",
            "help": "auto, original, or pixels of the longer side",
        },
        "scales": {"type": float, "nargs": "+", "help": "exponents of response scaling"},
    }
    for name, options in changes.items():
        group.add_argument(f"--{name}", default=None, **options)
    command.set_defaults(changes=[name.replace("-", "_") for name in changes])


def _working_size(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # Large photographs are expected.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    given = parser().parse_args(arguments)
    try:
        given.run(given)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def run_predict(given: argparse.Namespace) -> None:
    """`predict`."""
    from urn.prediction.batch import TABLE, predict
    from urn.prediction.outputs import Outputs
    from urn.prediction.sources import find_images

    sources = find_images(given.images, without=given.output)
    outputs = Outputs(given.output, ["masks", *(given.kinds or [])])
    predicted = predict(given.model, sources, outputs, *_options(given))
    made = len(sources) - len(predicted.faults)
    print(f"{made} of {len(sources)} images: {given.output}/masks, {given.output}/{TABLE}")
    _tell(predicted.faults)


def run_evaluate(given: argparse.Namespace) -> None:
    """`evaluate`."""
    from urn.prediction.batch import predict
    from urn.prediction.evaluation import compare, find_truths, scores, write_scores
    from urn.prediction.model import load
    from urn.prediction.outputs import Outputs
    from urn.prediction.sources import find_images

    sources = find_images(given.images, without=given.output)
    options = _options(given)
    truths = find_truths(sources, given.masks, load(given.model, **options[0]).classes)
    with _folder(given.output) as folder:
        outputs = Outputs(folder, ["masks"])
        predicted = predict(given.model, sources, outputs, *options)
        matrix = compare(predicted, sources, outputs, truths)
        if given.output:
            write_scores(folder, matrix, predicted.classes)
    print(scores(matrix, predicted.classes).to_string(index=False, na_rep="-"))
    print(f"IoU in % on {len(sources) - len(predicted.faults)} images")
    _tell(predicted.faults)


@contextmanager
def _folder(output: Path | None) -> Iterator[Path]:
    """The folder asked for, or one that is gone afterwards."""
    if output is not None:
        yield output
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _options(given: argparse.Namespace) -> tuple[dict[str, Any], int, bool]:
    """The last arguments of `urn.prediction.batch.predict`."""
    import torch

    gpus = torch.cuda.device_count()
    option, most = ("gpus", gpus) if gpus else ("cores", os.cpu_count() or 1)
    processes = getattr(given, option)
    if not 1 <= processes <= most:
        raise UserError(f"--{option} {processes}: this machine has {most}")
    if given.gpus > max(gpus, 1):
        raise UserError(f"--gpus {given.gpus}: this machine has {gpus}")
    values = {name: getattr(given, name) for name in given.changes}
    changes = {name: value for name, value in values.items() if value is not None}
    return {"fast": given.fast, **changes}, processes, given.overwrite


def _tell(faults: Sequence[str]) -> None:
    """End with every image that was left out.

    Raises:
        UserError: there is one.
    """
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise UserError(f"{len(faults)} could not be predicted:\n{lines}")
