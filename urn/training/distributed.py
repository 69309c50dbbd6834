"""Distributed training: starting processes, joining their group, wrapping the model."""

import atexit
import os
import socket
import subprocess
import sys
from typing import TextIO

import torch
from mmengine.device import get_device
from mmengine.model import BaseModel, MMDistributedDataParallel
from timm.layers import convert_sync_batchnorm
from torch import distributed, nn

from urn.errors import UserError


def is_launched() -> bool:
    """Whether `launch` started this process."""
    return "LOCAL_RANK" in os.environ


def launch(script: str, processes: int, nodes: int = 1, stdout: TextIO | None = None) -> int:
    """Run a script in `processes` processes, evenly over the nodes of a Slurm job if more than one.

    Returns the exit status once all have ended; if one fails, the others are stopped.

    Raises:
        UserError: a node has GPUs, but fewer than processes. (With none, processors are used.)
    """
    each, gpus = processes // nodes, torch.cuda.device_count()
    if 0 < gpus < each:
        raise UserError(
            f"{each} training processes need a GPU each, but there are {gpus}: lower gpus"
        )
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={each}"]
    environment = dict(os.environ)
    if nodes == 1:
        command.append("--standalone")
    else:
        command = [
            *("srun", "--overlap", f"--nodes={nodes}", f"--ntasks={nodes}", "--cpu-bind=none"),
            *command,
            *(f"--nnodes={nodes}", f"--rdzv-id={os.getpid()}", "--rdzv-backend=c10d"),
            f"--rdzv-endpoint={socket.gethostname()}:{_free_port()}",
        ]
        for name in [n for n in environment if n.startswith("SLURM_")]:
            if name not in ("SLURM_JOB_ID", "SLURM_CONF"):
                del environment[name]  # they describe this process's step, which has one node
    # Open files and sockets that are inheritable stay open: GPUs that this process holds are held.
    done = subprocess.run(
        [*command, script], stdout=stdout, env=environment, close_fds=False, check=False
    )
    return done.returncode


def join() -> None:
    """Join the process group, if `launch` started this process."""
    if not is_launched() or distributed.is_initialized():
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    atexit.register(distributed.destroy_process_group)


def is_main() -> bool:
    """Whether this is the process that writes files."""
    return int(os.environ.get("RANK", 0)) == 0


def local_processes() -> int:
    """The number of processes of the group on this node, which share its cores."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def shared(model: BaseModel) -> nn.Module:
    """The model on its device or, in a group, a wrapper that averages gradients over the processes.

    On GPUs batch statistics are synchronised. On processors, where torch cannot synchronise them,
    they are those of each process's share of the batch.
    """
    if not distributed.is_initialized():
        return model.to(get_device())
    if not torch.cuda.is_available():
        return MMDistributedDataParallel(model, broadcast_buffers=False)
    # timm's conversion keeps the activations inside its normalisation layers; torch's drops them
    model = convert_sync_batchnorm(model).cuda()
    device = torch.cuda.current_device()
    return MMDistributedDataParallel(model, device_ids=[device], broadcast_buffers=False)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("", 0))
        return int(server.getsockname()[1])
