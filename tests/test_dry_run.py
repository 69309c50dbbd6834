"""The full-size targets of VOC and COCO, planned for the first of the real lists' images."""

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.io import IOFile
from snakemake.output_index import OutputIndex
from snakemake.scheduling.job_scheduler import JobScheduler

from benchmarks.dry_run import BACKBONES, dry_run, touch_everything, write_datasets
from rules.hooks import scheduling
from rules.hooks.output_index import OutputIndexByName


@pytest.mark.parametrize("dataset", ["voc", "coco"])
def test_every_target_is_planned_and_nothing_is_when_it_is_done(dataset, facts, tmp_path):
    counts = write_datasets(tmp_path, facts, [dataset], limit=250)
    assert set(counts.values()) == {250}
    first, second, *_ = [f"{dataset}/{backbone}" for backbone in BACKBONES]
    assert dry_run(tmp_path, first).jobs > 20
    touch_everything(tmp_path, first)
    assert dry_run(tmp_path, first).jobs == 0
    assert dry_run(tmp_path, second).jobs > 0


@dataclass(frozen=True)
class Rule:
    """What an index needs of a rule."""

    name: str
    outputs: tuple[str, ...]

    def products(self):
        return [IOFile(output, rule=None) for output in self.outputs]

    def is_producer(self, file):
        return any(output.match(file) for output in self.products())


def test_producers_are_those_that_snakemake_finds():
    rules = [
        Rule("shard", tuple(f"r/d/{{b,x|y:[a-z_.]+}}/m/{i}.png" for i in ("a", "s/b", "c d"))),
        Rule("other", ("r/d/{b,z}/m/a.png", "r/d/{b,z}/miou.txt")),
        Rule("wide", ("r/{d}/{b}/m/{i}.png",)),
        Rule("name", ("r/{d}/model.pth", "plain", "r/d/x/m/a.png")),
        Rule("pieces", ("r/{d}/{kind}_miou.txt", "r/d/p_{n}/a.png")),
    ]
    ours, snakemakes = OutputIndexByName(rules), OutputIndex(rules)
    files = [
        f"r/d/{b}/m/{i}.png" for b in ("x", "y:a_b", "z", "q") for i in ("a", "s/b", "c d", "e")
    ]
    files += [
        "r/d/z/miou.txt",
        "r/d/x/model.pth",
        "r/x/model.pth",
        "plain",
        "r/d/p_3/a.png",
        "a.png",
    ]
    for file in files:
        assert ours.match_producers(file) == snakemakes.match_producers(file), file
    names = {rule.name for rule in ours.match_producers("r/d/y:a_b/m/s/b.png")}
    assert names == {"shard", "wide"}


def test_looks_at_waiting_jobs_do_not_pile_up():
    scheduling.install()
    scheduler = JobScheduler.__new__(JobScheduler)
    scheduler._open_jobs = threading.Semaphore(0)
    for _ in range(2):  # as before, once the first look is over
        for _ in range(5):
            scheduler._schedule_reevalutation(0.1)
        assert scheduler._open_jobs.acquire(timeout=30)
        assert not scheduler._open_jobs.acquire(timeout=0.5)


class CountedFile(str):
    """A path that counts how often it is asked for its size."""

    asked = 0

    async def exists(self):
        return Path(self).exists()

    async def size(self):
        self.asked += 1
        return Path(self).stat().st_size


def test_a_waiting_jobs_inputs_are_asked_for_their_sizes_once(tmp_path):
    scheduling.install()
    files = [CountedFile(tmp_path / name) for name in ("a", "b", "absent")]
    for size, file in enumerate(files[:2], start=3):
        Path(file).write_text(size * "x")
    scheduler = JobScheduler.__new__(JobScheduler)
    scheduler._input_sizes = {}
    first, second = SimpleNamespace(input=files[:1]), SimpleNamespace(input=files)
    for waiting in ([first], [first, second], [second]):
        asyncio.run(scheduler.update_input_sizes(waiting))
    assert scheduler._input_sizes == dict(zip(files, (3, 4, None), strict=True))
    assert [file.asked for file in files] == [1, 1, 0]
