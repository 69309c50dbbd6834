"""What jobs ask of the machines, from slurm/site.yaml and, for GPUs, from those of this machine."""

from collections.abc import Callable, Mapping
from typing import Any

from rules.plan.gpus import Gpus
from rules.plan.wildcards import Wildcards

Training = Callable[[Wildcards], Mapping[str, Any]]
ALLOCATED = "allocated"


def needs(
    site: Mapping[str, Any],
    stage: str,
    training: Training | None = None,
    here: Callable[[], Gpus | None] = lambda: None,
) -> dict[str, Callable[..., int | str] | str]:
    """The resources of a stage's jobs; memory and time grow with every attempt.

    A training takes the GPUs and nodes of its settings; `processes` is how many it is spread over.
    No job asks for GPUs where the site, or the machine that the jobs run on, has none. `gpu_ids`
    says whose GPUs a job has: some of those listed here, what the cluster allocates, or none.

    Args:
        site: the section of the configuration.
        stage: a key of `site.stages`.
        training: gives a training's settings for a job's wildcards.
        here: gives the GPUs of this machine where jobs run on it, None on a cluster.
    """
    entry = site["stages"][stage]

    def available(nodes: int) -> int:
        local = here()
        if not site["gpus"]:
            return 0
        return int(entry.get("gpu", 0)) * nodes if local is None else local.most

    def processes(wildcards: Wildcards) -> int:
        return processes_of(training(wildcards), available(nodes(wildcards))) if training else 1

    def nodes(wildcards: Wildcards) -> int:
        return int(training(wildcards)["nodes"]) if training else 1

    def gpus(wildcards: Wildcards) -> int:
        local = here()
        asked = processes(wildcards) if training else int(entry.get("gpu", 0))
        most = asked if local is None else local.most
        return min(asked, most) if site["gpus"] else 0

    def gpu_ids(wildcards: Wildcards) -> str:
        local = here()
        if not gpus(wildcards):
            return ""
        return ALLOCATED if local is None else ",".join(local.seats)

    def partition(wildcards: Wildcards) -> str:
        return (site["gpu_partition"] if gpus(wildcards) else site["partition"]) or ""

    # The executor's `gpu` is for jobs on one node, and takes `tasks` as those of each GPU.
    def gpu(wildcards: Wildcards) -> int:
        return gpus(wildcards) if nodes(wildcards) == 1 else 0

    def gpu_model(wildcards: Wildcards) -> str:
        return (gpu(wildcards) and site["gpu_model"]) or ""

    def tasks(wildcards: Wildcards) -> int:
        return 0 if gpu(wildcards) else nodes(wildcards)

    def gpus_of_nodes(wildcards: Wildcards) -> str:
        if gpu(wildcards) == gpus(wildcards):
            return ""
        model = f"{site['gpu_model']}:" if site["gpu_model"] else ""
        return f"--gpus-per-node={model}{gpus(wildcards) // nodes(wildcards)}"

    def mem_mb(wildcards: Wildcards, attempt: int) -> int:
        return int(entry["mem_mb"]) * attempt

    def runtime(wildcards: Wildcards, attempt: int) -> int:
        return int(entry["runtime"]) * attempt

    resources: dict[str, Callable[..., int | str] | str] = {
        "mem_mb": mem_mb,
        "runtime": runtime,
        "slurm_partition": partition,
    }
    if site["account"]:
        resources["slurm_account"] = site["account"]
    if training or "gpu" in entry:
        resources |= {"gpu": gpu, "gpu_ids": gpu_ids, "gpu_model": gpu_model, "tasks": tasks}
    if training:
        resources |= {"processes": processes, "nodes": nodes, "slurm_extra": gpus_of_nodes}
    return resources


def processes_of(settings: Mapping[str, Any], available: int) -> int:
    """The processes of a training.

    Args:
        settings: the training's. With `gpus: auto` it has as many of the available GPUs as divide
            its batch, the same number on each of its nodes; one process a node without GPUs.
        available: how many GPUs it can have.
    """
    if settings["gpus"] != "auto":
        return int(settings["gpus"])
    nodes, step = settings["nodes"], settings["images_per_step"]
    images = step if isinstance(step, int) else 1
    numbers = range(nodes, available + 1, nodes)
    fitting = [number for number in numbers if settings["batch_size"] % (number * images) == 0]
    return int(max(fitting, default=nodes))
