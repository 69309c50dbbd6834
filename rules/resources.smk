# What jobs ask of the machines, from slurm/site.yaml; and how a job reads the Snakefile quickly.


def needs(stage, training=None):
    """For resources: what a stage's jobs take; memory and time grow with every attempt.

    A training takes the GPUs and nodes of its settings, which `training` gives for a job's
    wildcards; `processes` is how many it is spread over. No job asks for GPUs where the site has
    none.
    """
    site = config["site"]
    entry = site["stages"][stage]

    def processes(wildcards):
        return training(wildcards)["gpus"]

    def nodes(wildcards):
        return training(wildcards)["nodes"] if training else 1

    def gpus(wildcards):
        if not site["gpus"]:
            return 0
        return processes(wildcards) if training else entry.get("gpu", 0)

    def partition(wildcards):
        return (site["gpu_partition"] if gpus(wildcards) else site["partition"]) or ""

    # The executor's `gpu` is for jobs on one node, and takes `tasks` as those of each GPU.
    def gpu(wildcards):
        return gpus(wildcards) if nodes(wildcards) == 1 else 0

    def gpu_model(wildcards):
        return (gpu(wildcards) and site["gpu_model"]) or ""

    def tasks(wildcards):
        return 0 if gpu(wildcards) else nodes(wildcards)

    def gpus_of_nodes(wildcards):
        if gpu(wildcards) == gpus(wildcards):
            return ""
        model = f"{site['gpu_model']}:" if site["gpu_model"] else ""
        return f"--gpus-per-node={model}{gpus(wildcards) // nodes(wildcards)}"

    resources = {
        "mem_mb": lambda wildcards, attempt: entry["mem_mb"] * attempt,
        "runtime": lambda wildcards, attempt: entry["runtime"] * attempt,
        "slurm_partition": partition,
    }
    if site["account"]:
        resources["slurm_account"] = site["account"]
    if training or "gpu" in entry:
        resources |= {"gpu": gpu, "gpu_model": gpu_model, "tasks": tasks}
    if training:
        resources |= {"processes": processes, "nodes": nodes}
        resources["slurm_extra"] = gpus_of_nodes
    return resources


def allowed_rules():
    """The rules a cluster job was told to consider; None: all.

    Every such job reads the Snakefile, and has no use for the shards of others.
    """
    if "--allowed-rules" not in sys.argv:
        return None
    following = sys.argv[sys.argv.index("--allowed-rules") + 1 :]
    return set(takewhile(lambda word: not word.startswith("--"), following))


def shard_rules(stage, dataset, split):
    """Name, number and image ids of the rules that a stage has for a split's shards."""
    allowed = allowed_rules()
    for shard, image_ids in shards(dataset, split).items():
        name = f"{stage}_{dataset}_{shard}"
        if allowed is None or name in allowed:
            yield name, shard, image_ids
