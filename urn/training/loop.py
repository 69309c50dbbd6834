"""Train any mmengine model for a number of iterations; a training can be killed and resumed.

A resumed training ends with the same weights as an uninterrupted one: samples, augmentations and
the model's own random numbers (dropout) depend on the seed and the iteration alone, not on the
number of workers or the history of the process.
"""

import logging
import random
import shutil
from collections.abc import Callable, Iterator, Sized
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import get_dist_info, is_distributed
from mmengine.model import BaseModel
from mmengine.optim import LinearLR, PolyLR, _ParamScheduler
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.training import distributed
from urn.training.averaging import AveragingHook
from urn.training.checkpoints import CheckpointHook, Trained, latest_checkpoint
from urn.training.curve import CurveHook
from urn.training.fitting import images_that_fit
from urn.training.precision import PrecisionOptimWrapper

log = logging.getLogger(__name__)


def prepare(seed: int) -> None:
    """Seed the process and join its distributed group, if it belongs to one.

    Call it before building the model, so that new layers start the same in every run.
    """
    distributed.join()
    _seed(seed)


def train(
    model: BaseModel,
    dataset: Dataset,
    *,
    iterations: int,
    batch_size: int,
    learning_rate: float,
    work_dir: str | Path,
    curve: str | Path,
    seed: int,
    min_learning_rate: float = 0.0,
    power: float = 0.9,
    weight_decay: float = 5e-4,
    momentum: float = 0.9,
    warm_up: float = 0.0,
    largest_gradient: float | None = None,
    weight_average: float = 0.0,
    parameter_groups: list[dict[str, Any]] | None = None,
    images_per_step: int | Literal["auto"] | None = None,
    least_images_per_step: int = 1,
    precision: str = "float32",
    threads: int | None = None,
    workers: int | None = None,
    channels_last: bool = True,
    collate: Callable[[list], Any] = pseudo_collate,
    checkpoint_interval: int | None = None,
    curve_interval: int = 20,
    evaluate: Callable[[], float] | None = None,
    evaluate_every: int = 0,
    description: str = "training",
    identity: str = "",
    track: Callable[[dict[str, float], int], None] | None = None,
) -> None:
    """Train `model` in place by SGD with the polynomial schedule.

    At iteration i (from 0) the learning rate is (lr − min)·(1 − i/iterations)^power + min. With a
    warm-up of w iterations it is lr·(i + 1)/w in these, and what follows counts from their end.

    Args:
        model: its `forward(inputs, data_samples, mode="loss")` returns a dict of losses. Moved to
            the GPU if there is one.
        dataset: map-style; `collate` joins a list of its samples to a batch.
        iterations: optimizer steps.
        batch_size: images per optimizer step, over all processes and accumulation steps.
        work_dir: holds checkpoints, mmengine's log and the growing curve. A training with the same
            settings and `identity` resumes from its checkpoints; others are deleted.
        curve: tab-separated file written when training is done: iteration, learning_rate, seconds
            (per iteration), the loss and its terms averaged over `curve_interval` iterations, and
            miou at evaluations.
        warm_up: share of the iterations in which the learning rate rises to its value.
        largest_gradient: the norm to which larger gradients (of all weights together) are shrunk;
            None: they are not.
        weight_average: the trained network's weights are an exponential moving average over about
            this share of the iterations; 0: the last ones.
        parameter_groups: as torch.optim.SGD takes them, with `lr` and `weight_decay` where
            they differ; by default one group of all trainable parameters.
        images_per_step: images per forward pass of a process; gradients of its share of a batch are
            accumulated over several passes. None: the whole share in one pass. "auto": as many as
            there is memory for, found anew when a training resumes. The number changes results only
            by what is computed over the images of a pass: batch statistics, and losses that are no
            means over images.
        least_images_per_step: the least that "auto" may choose.
        precision: "float32", or "bfloat16" or "float16" for mixed precision, which is slower on
            processors without instructions for it.
        threads: torch's threads, divided among the processes of a node; None leaves them unchanged.
        workers: processes that load samples. None: with a GPU, one for every thread but the
            first, so that it does not wait for images; without a GPU, none, as all threads compute.
        checkpoint_interval: iterations between checkpoints; by default a twentieth of `iterations`.
        evaluate: returns the model's mIoU (%); called in the first process only.
        evaluate_every: iterations between evaluations; 0: none.
        identity: what distinguishes this training from others in the same `work_dir`: data, model
            and loss.
        track: is given every row of the curve, values by name and the iteration, in the first
            process only.

    Raises:
        UserError: the batch cannot be divided evenly, memory is short with the least number of
            images per step, too, or the loss is no longer finite.
    """
    rank, processes = get_dist_info()
    share = batch_size // processes
    samples = images_per_step if isinstance(images_per_step, int) else max(share, 1)
    accumulate = share // samples
    if accumulate * samples * processes != batch_size or not accumulate:
        raise UserError(
            f"a batch of {batch_size} images cannot be made of steps of {samples} images on each "
            f"of {processes} processes: choose a batch_size that is a multiple of "
            f"{samples * processes}"
        )
    if threads is not None:
        torch.set_num_threads(max(1, threads // distributed.local_processes()))
    if workers is None:
        workers = torch.get_num_threads() - 1 if torch.cuda.is_available() else 0
    if channels_last:  # convolutions run in the layout of their weights, whatever the input's
        model.to(memory_format=torch.channels_last)

    model._is_init = True  # keep the caller's weights: the runner would initialise them again
    shared = distributed.shared(model)

    draws, stream = _Draws(dataset, seed), _Stream(dataset, seed)
    if images_per_step == "auto":
        samples = images_that_fit(
            model,
            lambda images: collate([draws[place] for place in islice(stream, images)]),
            share,
            least_images_per_step,
            precision,
        )
        accumulate = share // samples
    log.info(
        "a batch is %d images: %d process(es) × %d images × %d step(s); the learning rate, %g, "
        "is for this batch: change it in proportion when batch_size changes",
        *(batch_size, processes, samples, accumulate, learning_rate),
    )

    work_dir = Path(work_dir)
    optimization = (learning_rate, min_learning_rate, power, weight_decay, momentum)
    steadying = (warm_up, largest_gradient, weight_average)
    settings = repr((iterations, batch_size, *optimization, *steadying, seed, identity))
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = PrecisionOptimWrapper(
        precision,
        optimizer=torch.optim.SGD(
            parameter_groups or trainable,
            lr=learning_rate,
            momentum=momentum,
            weight_decay=weight_decay,
        ),
        accumulative_counts=accumulate,
        clip_grad={"max_norm": largest_gradient} if largest_gradient else None,
    )
    rising = round(warm_up * iterations)
    schedules: list[_ParamScheduler] = [
        PolyLR(
            optimizer,
            eta_min=min_learning_rate,
            power=power,
            begin=rising,
            end=iterations + 1,  # else mmengine would run the last iteration at the minimum rate
            by_epoch=False,
        )
    ]
    if rising > 1:
        schedules.append(LinearLR(optimizer, start_factor=1 / rising, end=rising, by_epoch=False))
    averaging = AveragingHook(model, weight_average * iterations) if weight_average else None
    trained = Trained(model, optimizer, schedules, averaging and averaging.average)
    checkpoint = latest_checkpoint(work_dir, settings, trained)
    loader: DataLoader = DataLoader(
        draws,
        sampler=stream,
        batch_size=samples * accumulate,
        collate_fn=_Parts(collate, samples),
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )
    runner = Runner(
        model=shared,
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg={
            "type": _TrainLoop,
            "max_iters": iterations,
            "accumulate": accumulate,
            "seed": seed,
            "done": checkpoint["iteration"] if checkpoint else 0,
        },
        optim_wrapper=optimizer,
        param_scheduler=schedules,
        default_hooks=dict.fromkeys(
            ("runtime_info", "timer", "sampler_seed", "logger", "checkpoint")
        ),
        custom_hooks=[
            *([averaging] if averaging else []),
            CheckpointHook(checkpoint_interval or max(1, iterations // 20), settings, trained),
            CurveHook(
                work_dir / "curve.tsv",
                curve_interval,
                description,
                _of_average(evaluate, averaging) if evaluate_every else None,
                evaluate_every,
                track,
            ),
        ],
        launcher="pytorch" if is_distributed() else "none",
        env_cfg={"cudnn_benchmark": True},
        randomness={"seed": seed},
        default_scope=None,  # a scope would outlive this training and affect registries
        experiment_name=work_dir.name,
    )
    if checkpoint is not None:
        trained.restore(checkpoint)  # after the runner has moved the model to its device
    runner.train()
    if averaging:
        averaging.settle()
    if rank == 0:
        with atomic_path(curve) as temporary:
            shutil.copyfile(work_dir / "curve.tsv", temporary)


def _of_average(
    evaluate: Callable[[], float] | None, averaging: AveragingHook | None
) -> Callable[[], float] | None:
    """What evaluates the weights that the trained network will have."""
    if evaluate is None or averaging is None:
        return evaluate

    def evaluated() -> float:
        with averaging.in_place():
            return evaluate()

    return evaluated


def _seed(*entropy: int) -> None:
    """Seed Python's, NumPy's and torch's generators from all numbers in `entropy`."""
    state = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    random.seed(state)
    np.random.seed(state)
    torch.manual_seed(state)


class _Stream(Sampler):
    """Endless shuffled indices with their positions; every `world_size`-th is this process's."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        assert isinstance(dataset, Sized)
        self._size, self._seed, self._start = len(dataset), seed, 0

    def skip(self, draws: int) -> None:
        """Skip this process's first `draws` draws, when a training resumes."""
        self._start = draws

    def __iter__(self) -> Iterator[tuple[int, int]]:
        rank, world_size = get_dist_info()
        generator = torch.Generator().manual_seed(self._seed)
        indices = chain.from_iterable(
            torch.randperm(self._size, generator=generator).tolist() for _ in count()
        )
        yield from islice(enumerate(indices), rank + self._start * world_size, None, world_size)

    def __len__(self) -> int:
        return self._size


class _Draws(Dataset):
    """A dataset indexed by (position, index); the position seeds the augmentation."""

    metainfo: dict[str, Any] = {}  # noqa: RUF012 - mmengine warns if it is missing

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self._dataset, self._seed = dataset, seed

    def __getitem__(self, draw: tuple[int, int]) -> Any:
        position, index = draw
        _seed(self._seed, 0, position)
        return self._dataset[index]


class _Parts:
    """Collates a process's share of a batch into a list of parts of `size` samples."""

    def __init__(self, collate: Callable[[list], Any], size: int) -> None:
        self._collate, self._size = collate, size

    def __call__(self, samples: list) -> list[Any]:
        starts = range(0, len(samples), self._size)
        return [self._collate(samples[start : start + self._size]) for start in starts]


class _TrainLoop(IterBasedTrainLoop):
    """A loop whose iterations are optimizer steps, each over all accumulated parts of a batch."""

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader,
        max_iters: int,
        accumulate: int,
        seed: int,
        done: int,
    ) -> None:
        super().__init__(runner, dataloader, max_iters)
        self._accumulate, self._seed, self._iter = accumulate, seed, done

    def run(self) -> nn.Module:
        self.runner.optim_wrapper.initialize_count_status(
            self.runner.model, self._iter * self._accumulate, self._max_iters * self._accumulate
        )
        model = super().run()
        # The garbage collector would take seconds to stop the loader's workers.
        del self.dataloader_iterator
        return model

    def run_iter(self, data_batch: list[Any]) -> None:
        _seed(self._seed, 1, self._iter, self.runner.rank)
        self.runner.call_hook("before_train_iter", batch_idx=self._iter, data_batch=data_batch)
        parts = [
            self.runner.model.train_step(part, optim_wrapper=self.runner.optim_wrapper)
            for part in data_batch
        ]
        outputs = {
            name: torch.stack([part[name].detach() for part in parts]).mean() for name in parts[0]
        }
        self.runner.call_hook(
            "after_train_iter", batch_idx=self._iter, data_batch=data_batch, outputs=outputs
        )
        self._iter += 1
