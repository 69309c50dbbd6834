"""Snakemake runs our functions in place of its own, and needs them: without, it does otherwise.

A test that fails without hooks means that Snakemake has changed, and that a hook may go.
"""

import pytest
from small_workflow import calls_of, run

with_and_without = pytest.mark.parametrize("hooked", [True, False])

CHAIN = """
rule first:
    output: "first"
    params: config["first"]
    shell: "echo {params} > {output}"

rule second:
    input: ancient("first")
    output: "second"
    params: config["second"]
    shell: "echo {params} > {output}"
"""


@with_and_without
def test_a_job_behind_an_ancient_file_runs_for_its_own_reasons(hooked, tmp_path):
    run(tmp_path, CHAIN, "second", "--config", "first=1", "second=1", hooked=hooked)
    changed = ("--config", "first=2", "second=2")
    output = run(tmp_path, CHAIN, "first", "second", "--dry-run", *changed, hooked=hooked)
    assert "rule first:" in output
    assert ("rule second:" in output) == hooked


def test_a_job_behind_an_ancient_file_does_not_run_for_that_file(tmp_path):
    run(tmp_path, CHAIN, "second", "--config", "first=1", "second=1")
    changed = ("--config", "first=2", "second=1")
    output = run(tmp_path, CHAIN, "first", "second", "--dry-run", *changed)
    assert "rule first:" in output and "rule second:" not in output


FAILING = """
rule make:
    output: "made"
    log: "made.log"
    params: config["mode"]
    shell:
        "echo {params} >> {log}; if test -e {output}; then touch seen; fi; "
        "test {params} = good; echo {params} > {output}"
"""


@with_and_without
def test_a_job_that_fails_leaves_its_output_and_record(hooked, tmp_path):
    made = tmp_path / "made"
    run(tmp_path, FAILING, "--config", "mode=good", hooked=hooked)
    before = made.stat()
    code, _ = run(tmp_path, FAILING, "--config", "mode=bad", hooked=hooked, check=False)
    assert code != 0
    assert (tmp_path / "seen").exists() == hooked  # while the job ran
    assert made.exists() == hooked  # and after it
    assert (tmp_path / "made.log").read_text() == "bad\n"
    output = run(tmp_path, FAILING, "--config", "mode=good", "--dry-run", hooked=hooked)
    assert ("Nothing to be done" in output) == hooked
    assert not hooked or made.stat() == before


def test_a_job_that_failed_after_it_began_to_write_runs_again(tmp_path):
    text = FAILING.replace("test {params}", "echo half > {output}; test {params}")
    run(tmp_path, text, "--config", "mode=good")
    code, _ = run(tmp_path, text, "--config", "mode=bad", check=False)
    assert code != 0 and (tmp_path / "made").read_text() == "half\n"
    output = run(tmp_path, text, "--config", "mode=good", "--dry-run", "--rerun-incomplete")
    assert "rule make:" in output


SHARDS = """
from snakemake.common.prefix_lookup import PrefixLookup

match_iter = PrefixLookup.match_iter

def counted(lookup, file):
    for match in match_iter(lookup, file):
        calls["compared"] += 1
        yield match

PrefixLookup.match_iter = counted

def masks(shard, backbone):
    return [f"masks/{backbone}/{shard}_{n}.png" for n in range(5)]

rule all:
    input: [masks(shard, "resnet18") for shard in range(20)]

for shard in range(20):
    rule:
        name: f"shard_{shard}"
        output: masks(shard, "{backbone}")
        shell: "touch {output}"
"""


@with_and_without
def test_a_masks_maker_is_found_without_a_look_at_all_masks(hooked, tmp_path):
    output = run(tmp_path, SHARDS, "--dry-run", hooked=hooked)
    assert all(f"rule shard_{shard}:" in output for shard in range(20))
    compared = calls_of(output).get("compared", 0)
    assert compared < 100 if hooked else compared >= 100 * 100


def test_a_target_that_no_rule_makes_is_told(tmp_path):
    code, output = run(tmp_path, SHARDS, "--dry-run", "masks/absent.png", check=False)
    assert code != 0 and "nothing makes masks/absent.png" in output


WAITING = """
import snakemake.io
from snakemake.scheduling.job_scheduler import JobScheduler

job_selector, size = JobScheduler.job_selector, snakemake.io._IOFile.size

def counted_selector(scheduler, jobs):
    calls["looks"] += 1
    return job_selector(scheduler, jobs)

async def counted_size(file):
    calls[str(file)] += 1
    return await size(file)

JobScheduler.job_selector = counted_selector
snakemake.io._IOFile.size = counted_size

rule all:
    input: "long", "wide", [f"short{n}" for n in range(20)]

rule long:
    output: touch("long")
    priority: 3
    shell: "while test $(ls | grep -c short) -lt 20; do sleep 0.1; done; sleep 5"

rule short:
    output: touch("short{n}")
    priority: 2
    shell: "true"

rule wide:
    input: "photo0", "photo1"
    output: touch("wide")
    threads: 2
    shell: "true"
"""


@with_and_without
def test_waiting_jobs_are_looked_at_once_a_second_and_their_inputs_once(hooked, tmp_path):
    """Twenty jobs end while one waits for two cores; each would begin a round of looking."""
    for n in range(2):
        (tmp_path / f"photo{n}").write_text("photo")
    calls = calls_of(run(tmp_path, WAITING, hooked=hooked))
    sizes = [calls["photo0"], calls["photo1"]]
    if hooked:
        assert calls["looks"] < 70
        assert max(sizes) <= 2  # the second is for the record of the job that has run
    else:
        assert calls["looks"] > 80
        assert min(sizes) > 80
