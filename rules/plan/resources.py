"""What jobs ask of the machines, from slurm/site.yaml."""

from collections.abc import Callable, Mapping
from typing import Any

from rules.plan.jobs import Wildcards

Training = Callable[[Wildcards], Mapping[str, Any]]


def needs(
    site: Mapping[str, Any], stage: str, training: Training | None = None
) -> dict[str, Callable[..., int | str] | str]:
    """The resources of a stage's jobs; memory and time grow with every attempt.

    A training takes the GPUs and nodes of its settings; `processes` is how many it is spread over.
    No job asks for GPUs where the site has none.

    Args:
        site: the section of the configuration.
        stage: a key of `site.stages`.
        training: gives a training's settings for a job's wildcards.
    """
    entry = site["stages"][stage]

    def processes(wildcards: Wildcards) -> int:
        return int(training(wildcards)["gpus"]) if training else 1

    def nodes(wildcards: Wildcards) -> int:
        return int(training(wildcards)["nodes"]) if training else 1

    def gpus(wildcards: Wildcards) -> int:
        if not site["gpus"]:
            return 0
        return processes(wildcards) if training else int(entry.get("gpu", 0))

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
        resources |= {"gpu": gpu, "gpu_model": gpu_model, "tasks": tasks}
    if training:
        resources |= {"processes": processes, "nodes": nodes, "slurm_extra": gpus_of_nodes}
    return resources
