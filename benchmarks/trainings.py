"""One training by us and one by plain mmsegmentation, measured step by step in turn."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch

from benchmarks.measure import Cost
from benchmarks.plain import plain_dataset, plain_segmentor, plain_training
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.model import build_segmentor
from urn.segmentation.transforms import training_pipeline
from urn.training.loop import prepare, train

CLASSES = 21
LEARNING_RATE = 0.005

# Trains for a number of steps, and tells what each but the first cost, in seconds.
Training = Callable[[int], list[Cost]]


@dataclass(frozen=True)
class Setting:
    """What both sides train on and with.

    Attributes:
        folder: images and masks in VOC's layout.
        ids: a list of the images to train on, one id a line.
        work: an empty folder for what the trainings write.
        workers: processes that load samples; 0: the one that trains.
        head_channels: of PSPNet's head; the auxiliary head has half as many.
    """

    folder: Path
    ids: Path
    work: Path
    backbone: str
    crop: int = 512
    batch: int = 2
    workers: int = 0
    head_channels: int = 512


def our_model(setting: Setting) -> EncoderDecoder:
    """Our model with random weights, the same in every call."""
    prepare(0)
    return build_segmentor(
        setting.backbone,
        CLASSES,
        head_channels=setting.head_channels,
        auxiliary_channels=setting.head_channels // 2,
        crop_size=setting.crop,
        pretrained=False,
    )


def plain_model(setting: Setting) -> EncoderDecoder:
    """mmsegmentation's model with the same weights."""
    model = plain_segmentor(
        setting.backbone,
        CLASSES,
        head_channels=setting.head_channels,
        auxiliary_channels=setting.head_channels // 2,
        crop_size=setting.crop,
    )
    model.load_state_dict(our_model(setting).state_dict())
    return model


def ours(setting: Setting, precision: str = "float32") -> Training:
    """Our training."""
    model, runs = our_model(setting), count()
    images, masks = setting.folder / "JPEGImages", setting.folder / "SegmentationClass"
    dataset = SegmentationDataset(
        [
            (images / f"{image_id}.jpg", masks / f"{image_id}.png", None)
            for image_id in setting.ids.read_text().split()
        ],
        CLASSES,
        training_pipeline(setting.crop, (4 * setting.crop, setting.crop)),
    )

    def run(steps: int) -> list[Cost]:
        work = setting.work / f"ours_{precision}_{next(runs)}"
        with _step_costs(model) as costs, redirect_stdout(sys.stderr):  # where mmengine logs
            train(
                model,
                dataset,
                iterations=steps,
                batch_size=setting.batch,
                learning_rate=LEARNING_RATE,
                min_learning_rate=1e-4,
                workers=setting.workers,
                precision=precision,
                checkpoint_interval=steps,
                work_dir=work,
                curve=work / "finished.tsv",
                seed=0,
            )
        return costs

    return run


def plain(setting: Setting, precision: str = "float32") -> Training:
    """mmsegmentation's training; other precisions than float32 need a GPU."""
    model, runs = plain_model(setting), count()
    dataset = plain_dataset(setting.folder, setting.ids, setting.crop)

    def run(steps: int) -> list[Cost]:
        with _step_costs(model) as costs, redirect_stdout(sys.stderr):
            plain_training(
                model,
                dataset,
                iterations=steps,
                batch_size=setting.batch,
                learning_rate=LEARNING_RATE,
                workers=setting.workers,
                precision=precision,
                work_dir=setting.work / f"plain_{precision}_{next(runs)}",
            )
        return costs

    return run


def in_turn(trainings: Sequence[Training], rounds: int, steps: int) -> list[list[float]]:
    """Seconds per iteration of every training (see `Cost.fair`), one list of rounds for each.

    In a round every training goes on for `steps` iterations, and one that is not counted.
    """
    means: list[list[float]] = [[] for _ in trainings]
    for _ in range(rounds):
        for rows, training in zip(means, trainings, strict=True):
            costs = training(steps + 1)
            rows.append(sum(cost.fair for cost in costs) / len(costs))
    return means


@contextmanager
def _step_costs(model: torch.nn.Module) -> Iterator[list[Cost]]:
    """Fill a list with what every step but the first costs, from the end of the one before it.

    So loading of samples, logging and the schedule are part of it.
    """
    costs: list[Cost] = []
    ended: list[Cost] = []
    step = model.train_step

    def timed(*arguments: object, **options: object) -> object:
        result = step(*arguments, **options)
        now = Cost.now()
        costs.extend(now - before for before in ended)
        ended[:] = [now]
        return result

    model.train_step = timed
    try:
        yield costs
    finally:
        del model.train_step
