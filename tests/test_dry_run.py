"""The full-size targets of VOC and COCO, planned for the first of the real lists' images."""

from dataclasses import dataclass

import pytest
from snakemake.io import IOFile
from snakemake.output_index import OutputIndex

from benchmarks.dry_run import BACKBONES, dry_run, touch_everything, write_datasets
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
