"""The GPUs that a job sees: as many as it asked for, and none that another job has.

Called ahead of every script by rules/hooks/gpus.py: some packages look for GPUs when they are
imported, and what CUDA has seen then it sees for good. So nothing heavy is imported here.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

VISIBLE = "CUDA_VISIBLE_DEVICES"

_held: list[socket.socket] = []


def take(job: Any) -> None:
    """Let this process and those it starts see the GPUs that a job (a script's `snakemake`) has.

    Of this machine's, it waits for some that are free, and holds them until the last of the job's
    processes has ended. What a cluster allocates stays as it is.
    """
    ids = job.resources.get("gpu_ids", "")
    if ids == "allocated" or "RANK" in os.environ:  # a training's process has its launcher's
        return
    number = job.resources.gpu if ids else 0
    told = False
    while (free := _take_free(ids.split(","), number)) is None:
        if not told:
            others = "other runs on this machine have the rest"
            print(f"{job.rule} waits for {number} of the GPUs {ids}: {others}", file=sys.stderr)
            told = True
        time.sleep(1)
    os.environ[VISIBLE] = ",".join(free)


def _take_free(seats: Sequence[str], number: int) -> list[str] | None:
    """Hold as many different GPUs, each in one of its seats; None, and hold none, if too few."""
    taken: dict[str, socket.socket] = {}
    for place, name in enumerate(seats):
        if len(taken) < number and name not in taken:
            lock = _lock(f"{name}/{seats[:place].count(name)}")
            if lock:
                taken[name] = lock
    if len(taken) < number:
        for lock in taken.values():
            lock.close()
        return None
    _held.extend(taken.values())
    return list(taken)


def _lock(seat: str) -> socket.socket | None:
    """Held by one process on the machine, and by those it starts; None if another has it.

    A name in Linux's abstract name space needs no file, and is free again when its last holder has
    ended, however it ended. Numbers of GPUs count from 0 in every allocation of Slurm's.
    """
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind(f"\0urn-gpu/{os.environ.get('SLURM_JOB_ID', '')}/{seat}")
    except OSError as error:
        lock.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    lock.set_inheritable(True)
    return lock
