"""Predicting images one by one, in this process or in several."""

import os
import signal
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import SimpleQueue, get_context, parent_process
from pathlib import Path
from typing import Any

import torch

from urn.errors import UserError
from urn.files.jpeg import has_hole
from urn.prediction.model import Model, load
from urn.prediction.outputs import Outputs
from urn.prediction.sources import Source


@dataclass(frozen=True)
class Row:
    """What is told of an image.

    Attributes:
        image: its path below the folder of all images.
        fault: why it could not be predicted; "" if it was.
        seconds: it took to read, predict and write; None if it was there already.
        shares: of the classes in its mask.
        uncertainty: the mean of U; None where it is not made.
    """

    image: str
    fault: str = ""
    seconds: float | None = None
    shares: Sequence[float] = ()
    uncertainty: float | None = None


@dataclass(frozen=True)
class Work:
    """What is to be done for every image.

    Attributes:
        model: the model's file.
        options: of `urn.prediction.model.load`.
        outputs: the files to make.
        since: files written since then, in nanoseconds, are kept.
    """

    model: Path
    options: Mapping[str, Any]
    outputs: Outputs
    since: int

    def done(self, model: Model, source: Source) -> Row:
        """Predict an image, unless its files are there, and tell of it."""
        start = time.perf_counter()
        kept = self.outputs.are_newer(source, self.since)
        try:
            if not kept:
                prediction = model(source.path)
                if has_hole(source.path):
                    raise UserError(
                        f"image {source.path} is damaged in its midst: replace the file"
                    )
                self.outputs.write(prediction, source)
            seconds = None if kept else time.perf_counter() - start
            shares = self.outputs.shares(source, len(model.classes))
            return Row(source.image, "", seconds, shares, self.outputs.mean_uncertainty(source))
        except UserError as error:
            return Row(source.image, str(error))
        except (MemoryError, torch.OutOfMemoryError):
            return Row(
                source.image,
                f"image {source.path} needs more memory than there is: choose a smaller "
                "--working-size",
            )


def each_done(
    work: Work, model: Model, sources: Sequence[Source], processes: int
) -> Generator[Row, None, None]:
    """Yield what is told of every image, in order.

    Every process has one thread of PyTorch's, as a run's jobs have: with more, last digits differ.

    Args:
        work: for every image.
        model: the same that the work loads.
        sources: the images.
        processes: that images are dealt out to as they get free, each with a GPU if there are any;
            1: this one.

    Raises:
        UserError: a process was killed.
    """
    torch.set_num_threads(1)
    if processes == 1:
        yield from (work.done(model, source) for source in sources)
        return
    context = get_context("spawn")
    numbers = context.SimpleQueue()
    for number in range(processes):
        numbers.put(number)
    with ProcessPoolExecutor(processes, context, _begin, (work, numbers)) as pool:
        try:
            yield from pool.map(_done, sources)
        except BrokenProcessPool:
            raise UserError(
                "a process was killed, perhaps for want of memory: run the same command again, "
                "which goes on where it was"
            ) from None


_here: tuple[Work, Model]  # of a process of `each_done`


def _begin(work: Work, numbers: "SimpleQueue[int]") -> None:
    global _here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process tells the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    number = numbers.get()
    torch.set_num_threads(1)
    if torch.cuda.is_available():
        torch.cuda.set_device(number)
    _here = work, load(work.model, **work.options)


def _end_with_parent() -> None:
    """No process outlives one that is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _done(source: Source) -> Row:
    work, model = _here
    return work.done(model, source)
