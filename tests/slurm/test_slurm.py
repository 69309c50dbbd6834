"""The workflow on a real Slurm: results as of a local run, whatever happens to jobs and nodes."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from cluster import NODES, Cluster, wait_for
from test_workflow import REPOSITORY, TRAIN, VAL, png_hashes, weights_of

HERE = Path(__file__).parent
SHARDS = [f"results/tiny/pseudo_masks/ppmg/{i}.png" for i in TRAIN]
MODEL = "results/tiny/resnet18/urn/model.pth"
MADE = [f"results/tiny/efficientnet_lite0/{kind}" for kind in ("cyclic_masks", "weights")]
# Every kind of job from the images to a model that learns from weight masks, and a score.
TARGETS = [MODEL, "results/tiny/efficientnet_lite0/baseline/miou.txt"]
STARTED: list[subprocess.Popen] = []


def start(directory: Path, *arguments: str, site: Path = HERE / "site.yaml") -> subprocess.Popen:
    """`snakemake --profile slurm` in a folder, with threads and intervals for a small machine."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--profile", "slurm"]
    command += ["--directory", str(directory), "--latency-wait", "10"]
    command += ["--configfile", str(HERE.parent / "tiny.yaml"), str(site)]
    command += ["--max-threads", "1"]
    command += ["--slurm-status-command", "squeue"]
    command += ["--slurm-init-seconds-before-status-checks", "5"]
    with (directory / "output.txt").open("a") as output:
        run = subprocess.Popen(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT)
    STARTED.append(run)
    return run


def finish(run: subprocess.Popen, directory: Path, succeeds: bool = True) -> str:
    """Wait for a run, and return all that runs in the folder have printed."""
    code = run.wait(timeout=1800)
    output = (directory / "output.txt").read_text()
    assert (code == 0) == succeeds, output[-4000:]
    return output


def scripts(directory: Path, name: str) -> list[int]:
    """The processes that run a script of the workflow in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        folder = f"{directory}/.snakemake/scripts/"
        if any(word.startswith(folder) and word.endswith(f".{name}.py") for word in words[1:2]):
            found.append(int(process.name))
    return found


@pytest.fixture(autouse=True)
def _no_run_stays(cluster: Cluster) -> Iterator[None]:
    """After a test, ends what it left."""
    yield
    for run in STARTED:
        run.kill()
    STARTED.clear()
    cluster.ask("scancel", "--user", "root")


@pytest.fixture(scope="module")
def last_stages(cluster: Cluster, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local run whose uncertainty, and the student that learns from it, Slurm made again."""
    directory = tmp_path_factory.mktemp("last_stages") / "run"
    shutil.copytree(finished, directory, copy_function=shutil.copy2)
    for folder in MADE:
        shutil.rmtree(directory / folder)
    (directory / MODEL).unlink()
    finish(start(directory, MODEL), directory)
    return directory


@pytest.fixture(scope="module")
def through_slurm(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny dataset through Slurm."""
    directory = tmp_path_factory.mktemp("tiny")
    finish(start(directory, *TARGETS), directory)
    return directory


@pytest.fixture
def copy(through_slurm: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may spoil."""
    directory = tmp_path / "run"
    shutil.copytree(through_slurm, directory, copy_function=shutil.copy2)
    (directory / "output.txt").unlink()
    return directory


@pytest.fixture
def unfinished(copy: Path) -> Path:
    """A copy of the finished run without its pseudo-masks, which two jobs make."""
    shutil.rmtree(copy / "results" / "tiny" / "pseudo_masks" / "ppmg")
    return copy


@pytest.fixture
def hold() -> Iterator:
    """A function that waits for a script in a folder and holds it, so that it cannot finish."""
    held = []

    def hold_script(directory: Path, name: str) -> int:
        wait_for(lambda: scripts(directory, name), f"{name}.py")
        held.append(scripts(directory, name)[0])
        os.kill(held[-1], signal.SIGSTOP)
        return held[-1]

    yield hold_script
    for pid in held:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


def job_of(pid: int) -> tuple[str, str]:
    """The Slurm job of a process, and its node."""
    words = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    environment = dict(word.split("=", 1) for word in words if "=" in word)
    return environment["SLURM_JOB_ID"], environment["SLURMD_NODENAME"]


def masks(directory: Path) -> dict[str, str]:
    """Hashes of a run's masks and weights: figures also show what jobs took."""
    hashes = png_hashes(directory / "results")
    return {file: digest for file, digest in hashes.items() if "/figures/" not in file}


def assert_whole(directory: Path, through_slurm: Path) -> None:
    """The run's files are those of the undisturbed run, and nothing is half-written."""
    assert png_hashes(directory / "results") == png_hashes(through_slurm / "results")
    assert not [file for file in (directory / "results").rglob(".*") if ".part" in file.name]


def assert_equal_weights(one: Path, other: Path) -> None:
    expected, found = weights_of(one), weights_of(other)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def jobs_of(cluster: Cluster) -> list[list[str]]:
    """Of every job so far: id, node, start, end, comment."""
    lines = cluster.ask("squeue", "-h", "-r", "-t", "all", "-o", "%i|%N|%S|%e|%k")
    return [line.split("|") for line in lines]


def asked_for(cluster: Cluster) -> dict[str, list[str]]:
    """What every job so far asked for, by its comment: GPUs, memory, time."""
    fields = "Comment:200,tres-per-job:30,MinMemory,TimeLimit"
    lines = cluster.ask("squeue", "-h", "-r", "-t", "all", "-O", fields)
    return {line.split()[0]: line.split()[1:] for line in lines}


def stages_with_gpus(cluster: Cluster) -> set[str]:
    gpu = {name for name, (gres, *_) in asked_for(cluster).items() if gres == "gres:gpu:1"}
    return {name.split("_")[1] for name in gpu}


def test_results_are_those_of_a_local_run(last_stages, finished):
    assert masks(last_stages) == masks(finished)
    assert {Path(file).parent.name for file in masks(last_stages)} >= {"cyclic_masks", "weights"}
    assert_equal_weights(finished / MODEL, last_stages / MODEL)


def test_shards_are_array_tasks_side_by_side_on_a_node(last_stages, cluster):
    jobs = jobs_of(cluster)
    tasks = [job for job in jobs if "_" in job[0]]
    assert any("rule_responses_" in job[4] for job in tasks)
    assert len({job[0].split("_")[0] for job in tasks}) < len(tasks)
    assert any(
        one[1] == other[1] and one[2] < other[3] and other[2] < one[3]
        for one, other in itertools.combinations(tasks, 2)
    )
    assert {job[1] for job in jobs} <= set(NODES)


def test_stages_ask_for_what_the_site_file_says(last_stages, cluster):
    assert stages_with_gpus(cluster) == {"responses", "train"}
    (asked,) = {
        tuple(values)
        for name, values in asked_for(cluster).items()
        if name.startswith("rule_uncertainty")
    }
    assert asked == ("N/A", "3000M", "1:00:00")


@pytest.mark.slow
def test_every_stage_has_the_results_of_a_local_run(through_slurm, finished, cluster):
    made, expected = masks(through_slurm), masks(finished)
    assert Counter(Path(file).parent.name for file in made) == {
        **dict.fromkeys(["ppmg", "cyclic_masks", "weights"], len(TRAIN)),
        "predictions": len(VAL),
    }
    assert made == {file: expected[file] for file in made}
    models = list(through_slurm.glob("results/**/*.pth"))
    assert len(models) == 3
    for model in models:
        assert_equal_weights(finished / model.relative_to(through_slurm), model)
    assert (through_slurm / TARGETS[1]).read_text() == (finished / TARGETS[1]).read_text()
    assert stages_with_gpus(cluster) == {"cams", "responses", "train"}
    assert any("rule_cams_" in comment for task, *_, comment in jobs_of(cluster) if "_" in task)


@pytest.mark.slow
def test_a_training_over_two_nodes(copy, cluster, tmp_path):
    (copy / MODEL).unlink()
    site = yaml.safe_load((HERE / "site.yaml").read_text())
    file = tmp_path / "two_nodes.yaml"
    file.write_text(yaml.safe_dump(site | {"segmentation": {"gpus": 2, "nodes": 2}}))
    finish(start(copy, MODEL, site=file), copy)
    jobs = cluster.ask(
        "squeue", "-h", "-t", "all", "-O", "Comment:200,NodeList:20,tres-per-node:30"
    )
    (mine,) = [job for job in jobs if "n[1-2]" in job]
    assert mine.startswith("rule_train_segmentation") and "gres:gpu:1" in mine
    curve = pd.read_csv((copy / MODEL).with_name("curve.tsv"), sep="\t")
    assert curve["iteration"].iloc[-1] == 6 and curve["loss"].notna().all()


@pytest.mark.slow
def test_a_killed_shard_is_run_again(unfinished, through_slurm, hold):
    run = start(unfinished, *SHARDS)
    os.kill(hold(unfinished, "pseudo_masks"), signal.SIGKILL)
    assert "Trying to restart job" in finish(run, unfinished)
    assert_whole(unfinished, through_slurm)


@pytest.mark.slow
def test_a_node_that_goes_away(unfinished, through_slurm, cluster, hold):
    run = start(unfinished, *SHARDS)
    _, node = job_of(hold(unfinished, "pseudo_masks"))
    cluster.kill_node(node)
    finish(run, unfinished)
    assert cluster.states()[node].startswith("down")
    assert_whole(unfinished, through_slurm)
    cluster.start_node(node)
    wait_for(lambda: cluster.states()[node] in ("idle", "mixed"), f"node {node}")


@pytest.mark.slow
def test_a_killed_head_and_its_training(copy, through_slurm):
    (copy / MODEL).unlink()
    run = start(copy, MODEL)
    work = (copy / MODEL).parent / "work"
    wait_for(lambda: list(work.glob("iteration_[23].pth")), "a checkpoint")
    run.kill()
    run.wait()
    finish(start(copy, "--unlock"), copy)
    finish(start(copy, MODEL), copy)  # while the job of the first goes on
    assert_equal_weights(through_slurm / MODEL, copy / MODEL)


@pytest.mark.slow
def test_a_job_over_its_memory_gets_more(unfinished, through_slurm, tmp_path):
    site = yaml.safe_load((HERE / "site.yaml").read_text())
    site["site"]["stages"] = {"pseudo_masks": {"mem_mb": 100, "runtime": 10}}
    file = tmp_path / "little_memory.yaml"
    file.write_text(yaml.safe_dump(site))
    finish(start(unfinished, *SHARDS, "--retries", "4", site=file), unfinished)
    logs = [log.read_text() for log in (unfinished / ".snakemake/slurm_logs").rglob("*.log")]
    assert any("exceeded memory limit" in log for log in logs)
    assert_whole(unfinished, through_slurm)


@pytest.mark.slow
def test_a_job_over_its_time(unfinished, through_slurm, cluster, hold):
    run = start(unfinished, *SHARDS)
    job, _ = job_of(hold(unfinished, "pseudo_masks"))
    cluster.ask("scontrol", "update", f"JobId={job}", "TimeLimit=0:01")
    assert "SLURM status is: 'TIMEOUT'" in finish(run, unfinished)
    assert_whole(unfinished, through_slurm)


@pytest.mark.slow
def test_a_node_without_the_shared_folder(unfinished, through_slurm, cluster):
    images = unfinished / "data" / "tiny"
    for node in NODES:
        cluster.in_node(node, "mount", "-t", "tmpfs", "none", str(images))
    output = finish(start(unfinished, *SHARDS, "--retries", "0"), unfinished, succeeds=False)
    assert "FAILED" in output
    log = (unfinished / "results/tiny/logs/pseudo_masks_ppmg_00000.log").read_text()
    assert f"{TRAIN[0]}.jpg" in log
    for node in NODES:
        cluster.in_node(node, "umount", str(images))
    finish(start(unfinished, *SHARDS), unfinished)
    assert_whole(unfinished, through_slurm)
