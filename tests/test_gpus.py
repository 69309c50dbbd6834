"""GPUs of one machine, simulated: which job has which, and when."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from types import SimpleNamespace

import pytest
import yaml
from small_workflow import run
from test_workflow import REPOSITORY, changed_configuration, snakemake

from rules.plan import gpus
from rules.plan.gpus import Gpus
from rules.plan.plan import Plan
from rules.plan.resources import processes_of

A100 = "NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)"


@pytest.fixture(autouse=True)
def _own_allocation(monkeypatch):
    """Other runs on this machine, tests too, have other GPUs than those of a test."""
    monkeypatch.setenv("SLURM_JOB_ID", uuid.uuid4().hex)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """What to call with the lines of a shell script that takes the tool's place."""

    def install(*lines):
        file = tmp_path / "bin" / "nvidia-smi"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        file.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return install


def listing(number):
    return [f'echo "GPU {n}: {A100}"' for n in range(number)] or ["echo 'No devices were found'"]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("2", ["2"]),
        ("3, 1", ["3", "1"]),
        ("0,0,1", ["0", "1"]),
        ("0,-1,1", ["0"]),
        ("GPU-5d5ba0d6,GPU-8932f937", ["GPU-5d5ba0d6", "GPU-8932f937"]),
        ("MIG-GPU-5d5ba0d6/1/0", ["MIG-GPU-5d5ba0d6/1/0"]),
    ],
)
def test_visible_gpus_are_those_of_cuda(visible, names, nvidia_smi, monkeypatch):
    nvidia_smi(*listing(8))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.find() == names


@pytest.mark.parametrize("number", [0, 1, 2, 8])
def test_all_gpus_are_those_of_the_tool(number, nvidia_smi):
    nvidia_smi(*listing(number))
    assert gpus.find() == [str(n) for n in range(number)]


def test_of_a_divided_gpu_its_parts_are_found():
    parts = [f"  MIG 3g.20gb     Device  {n}: (UUID: MIG-c6d4f1ef-{n})" for n in range(2)]
    text = "\n".join([f"GPU 0: {A100}", *parts, f"GPU 1: {A100}"])
    assert gpus.in_listing(text) == ["MIG-c6d4f1ef-0", "MIG-c6d4f1ef-1", "1"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["echo 'Driver/library version mismatch'; exit 18"], "failed (Driver/library version"),
        (["exec sleep 60"], "did not answer within 0.5 s"),
    ],
)
def test_a_tool_that_fails_or_hangs_is_told_and_finds_none(
    lines, told, nvidia_smi, monkeypatch, capsys
):
    monkeypatch.setattr(gpus, "SECONDS", 0.5)
    nvidia_smi(*lines)
    assert gpus.find() == []
    assert told in capsys.readouterr().err


def test_without_the_tool_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.find() == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {0: 1, 1: 1, 2: 2, 3: 2, 7: 4, 8: 8}),
        ({"batch_size": 24}, {3: 3, 5: 4, 8: 8}),
        ({"images_per_step": 8}, {1: 1, 2: 2, 8: 2}),
        ({"nodes": 2}, {0: 2, 1: 2, 3: 2, 8: 8}),
        ({"gpus": 4}, {0: 4, 8: 4}),
    ],
)
def test_a_training_has_as_many_gpus_as_divide_its_batch(settings, expected):
    training = {"gpus": "auto", "nodes": 1, "batch_size": 16, "images_per_step": None} | settings
    assert {n: processes_of(training, n) for n in expected} == expected


@pytest.fixture
def config():
    base = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    return base | yaml.safe_load((REPOSITORY / "slurm" / "site.yaml").read_text())


def asked(plan, stage, dataset, section=None):
    """The resources of a stage's job that say something of GPUs."""
    values = {"dataset": dataset, "backbone": "res2net101"}
    wildcards = SimpleNamespace(**values, items=values.items)
    found = plan.needs(stage, section and plan.jobs.settings(section))
    names = ("gpu", "gpu_ids", "processes")
    return {name: found[name](wildcards) for name in names if name in found}


@pytest.mark.parametrize(
    ("number", "training", "inference"),
    [
        (0, (0, "", 1), (0, "")),
        (1, (1, "0", 1), (1, "0")),
        (2, (2, "0,1", 2), (1, "0,1")),
        (8, (8, "0,1,2,3,4,5,6,7", 8), (1, "0,1,2,3,4,5,6,7")),
    ],
)
def test_jobs_of_the_presets_ask_for_what_the_machine_has(config, number, training, inference):
    plan = Plan(config, [])
    plan.here = Gpus([str(n) for n in range(number)], number)
    for dataset in ("voc", "coco"):
        for stage, section in (
            ("train_classifier", "classification"),
            ("train_classifier", "multi_crop.classification"),
            ("train_classifier", "affinity"),
            ("train_segmentation", "segmentation"),
        ):
            assert tuple(asked(plan, stage, dataset, section).values()) == training
        assert tuple(asked(plan, "responses", dataset).values()) == inference
    assert asked(plan, "uncertainty", "voc") == {}


def test_a_cluster_gives_what_its_site_file_says(config):
    plan = Plan(config, [])
    first = asked(plan, "train_classifier", "voc", "classification")
    assert first == {"gpu": 1, "gpu_ids": "allocated", "processes": 1}
    config["site"]["stages"]["train_classifier"]["gpu"] = 5
    assert asked(plan, "train_classifier", "voc", "classification")["processes"] == 4
    config["site"]["gpus"] = False
    without = asked(plan, "train_classifier", "voc", "classification")
    assert without == {"gpu": 0, "gpu_ids": "", "processes": 1}


def test_a_limit_below_the_number_leaves_the_choice_and_one_above_shares():
    below, above = Gpus(["0", "1"], 1), Gpus(["0", "1"], 3)
    assert (below.most, below.seats) == (1, ["0", "1"])
    assert (above.most, above.seats) == (2, ["0", "1", "0"])
    assert Gpus(["MIG-a", "MIG-b"], 2).most == 1


def test_a_limit_of_none_leaves_trainings_to_processors(config):
    plan = Plan(config, [])
    plan.here = Gpus(["0", "1"], 0)
    assert list(plan.here.faults(plan.dataset("shapes"))) == []
    found = asked(plan, "train_classifier", "shapes", "classification")
    assert found == {"gpu": 0, "gpu_ids": "", "processes": 1}


def test_a_number_above_the_machines_is_told(tmp_path, monkeypatch):
    file = changed_configuration(tmp_path, classification={"gpus": 4})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    code, output = snakemake(tmp_path, "--dry-run", check=False, configuration=file)
    assert code != 0 and "Traceback" not in output
    told = "classification.gpus of dataset tiny is 4, but a job can have 2 GPU(s) here: write auto"
    assert told in output


WORKFLOW = f"""
import yaml
from pathlib import Path
from rules.hooks import gpus
from rules.plan.plan import Plan

whole = {{}}
for file in ("config.yaml", "slurm/site.yaml"):
    whole |= yaml.safe_load((Path({str(REPOSITORY)!r}) / file).read_text())
plan = Plan(whole, [])
gpus.share_by(plan.run_here)
training = {{"gpus": "auto", "nodes": 1, "batch_size": 16, "images_per_step": None}}

rule all:
    input: "jobs/train", "jobs/index", [f"jobs/responses{{n}}" for n in range(config["shards"])]

rule train:
    output: "jobs/train"
    resources: **plan.needs("train_segmentation", lambda wildcards: training)
    script: "record.py"

rule responses:
    output: "jobs/responses{{n}}"
    resources: **plan.needs("responses")
    script: "record.py"

rule index:
    output: "jobs/index"
    resources: **plan.needs("index")
    script: "record.py"
"""
RECORD = """
import json, os, time
from pathlib import Path

begin, seen = time.time(), os.environ["CUDA_VISIBLE_DEVICES"]
time.sleep(0.5)
Path(snakemake.output[0]).write_text(json.dumps([seen, begin, time.time()]))
"""


def run_jobs(folder, *arguments, text=WORKFLOW, shards=10):
    """What a run prints, and of every job by its name: the GPUs it saw, its begin and its end."""
    folder.mkdir(exist_ok=True)
    (folder / "record.py").write_text(RECORD)
    output = run(folder, text, "--cores", "16", "--config", f"shards={shards}", *arguments)
    jobs = {file.name: json.loads(file.read_text()) for file in folder.glob("jobs/*")}
    return output, {name: (seen.split(","), *time) for name, (seen, *time) in jobs.items()}


def at_once(jobs, gpu):
    """The most jobs that had a GPU at the same time."""
    times = [time for ids, *time in jobs if gpu in ids]
    return max(sum(b <= begin < e for b, e in times) for begin, _ in times)


@pytest.mark.parametrize("number", [0, 1, 2, 8])
def test_no_two_jobs_have_the_same_gpu(number, nvidia_smi, tmp_path):
    nvidia_smi(*listing(number))
    _, jobs = run_jobs(tmp_path)
    ids = [str(n) for n in range(number)]
    assert sorted(jobs["train"][0]) == (ids or [""])
    assert jobs["index"][0] == [""]
    shards = [found for name, (found, *_) in jobs.items() if name.startswith("responses")]
    assert {len(found) for found in shards} == {1}
    assert set(itertools.chain(*shards)) == set(ids or [""])
    assert all(at_once(jobs.values(), gpu) == 1 for gpu in ids)


def test_a_limit_of_the_users_holds(nvidia_smi, tmp_path):
    nvidia_smi(*listing(2))
    _, jobs = run_jobs(tmp_path / "below", "--resources", "gpu=1", shards=4)
    assert all(len(ids) == 1 for ids, *_ in jobs.values())
    times = sorted(time for ids, *time in jobs.values() if ids != [""])
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(times))
    _, jobs = run_jobs(tmp_path / "above", "--resources", "gpu=4", shards=8)
    assert len(jobs["train"][0]) == 2
    assert {at_once(jobs.values(), gpu) for gpu in ("0", "1")} == {2}


def test_two_runs_share_out_the_gpus(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    found = {}
    runs = [
        threading.Thread(target=lambda n=n: found.update({n: run_jobs(tmp_path / n, shards=4)}))
        for n in ("one", "other")
    ]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    jobs = [job for _, jobs in found.values() for job in jobs.values()]
    assert {at_once(jobs, gpu) for gpu in ("GPU-a", "GPU-b")} == {1}
    assert "of the GPUs GPU-a,GPU-b: other runs on this machine have the rest" in "".join(
        output for output, _ in found.values()
    )


HOLD = f"""
import subprocess, sys
from types import SimpleNamespace
sys.path.append({str(REPOSITORY / "workflow_scripts")!r})
import _gpus

class Resources(dict):
    gpu = 1

_gpus.take(SimpleNamespace(rule="hold", resources=Resources(gpu_ids="0")))
child = subprocess.Popen(["sleep", "600"], close_fds=False)
print(child.pid, flush=True)
child.wait()
"""


def test_a_gpu_is_held_until_the_last_process_of_a_killed_job_has_ended():
    first = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    child = int(first.stdout.readline())
    second = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert "hold waits for 1 of the GPUs 0" in second.stderr.readline()
    first.kill()
    first.wait()
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(timeout=2.5)
    os.kill(child, signal.SIGKILL)
    os.kill(int(second.stdout.readline()), signal.SIGKILL)
    second.wait(timeout=10)


def test_what_a_cluster_allocates_is_left_to_it(tmp_path, monkeypatch):
    """As in the jobs of an executor, which read the Snakefile in a process of their own."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    text = WORKFLOW.replace("gpus.share_by(plan.run_here)", "")
    _, jobs = run_jobs(tmp_path, text=text, shards=1)
    seen = {name: ids for name, (ids, *_) in jobs.items()}
    assert seen == {"train": ["3"], "responses0": ["3"], "index": [""]}


@pytest.mark.parametrize(
    ("arguments", "shared"), [([], True), (["--executor", "slurm", "--jobs", "2"], False)]
)
def test_only_runs_on_this_machine_share_its_gpus(arguments, shared, tmp_path):
    told = 'gpus.share_by(lambda limit: print("SHARED", limit))'
    text = WORKFLOW.replace("gpus.share_by(plan.run_here)", told)
    output, _ = run_jobs(tmp_path, "--dry-run", *arguments, text=text, shards=1)
    assert ("SHARED None" in output) == shared


def test_without_a_gpu_of_its_own_a_job_does_not_import_torch_for_the_crf(nvidia_smi, monkeypatch):
    nvidia_smi(*listing(2))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    code = (
        "import sys; from urn.crf.dense_crf import _preferred; "
        "print(_preferred(), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "numba False\n"
