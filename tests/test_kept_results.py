"""A job that fails leaves what was there, and whether that is up to date is not forgotten."""

import os
import shutil

import numpy as np
import pytest
import yaml
from test_workflow import planned, snakemake

from urn.datasets.index import Entry, Index, write_index
from urn.files.archives import write_archive


@pytest.fixture
def run(done_run, tmp_path):
    shutil.copytree(done_run, tmp_path / "run", copy_function=shutil.copy2)
    return tmp_path / "run"


def configuration(run, **changes):
    """The run's configuration with other values in its dataset."""
    content = yaml.safe_load((run / "mine.yaml").read_text())
    content["datasets"]["mine"] |= changes
    file = run / "changed.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def states(folder):
    return {path: path.stat() for path in sorted(folder.rglob("*.*")) if "logs" not in path.parts}


def test_a_failed_training_keeps_the_model(run):
    """It is to run as its settings change, and fails as the index is no index."""
    results = run / "results" / "mine" / "resnet18" / "baseline"
    before = states(results)
    target = "results/mine/resnet18/baseline/model.pth"
    file = configuration(run, segmentation={"iterations": 3})
    code, output = snakemake(run, target, configuration=file, check=False)
    assert code != 0 and "index results/mine/index.csv cannot be used" in output
    assert states(results) == before
    assert planned(run, target, configuration=file) == {"train_segmentation": 1}
    assert planned(run, target, configuration=run / "mine.yaml") == {}


def test_a_spoilt_prediction_is_named_and_the_score_kept(run):
    results, file = run / "results" / "mine" / "resnet18" / "urn", run / "mine.yaml"
    truths = [run / "masks" / f"val{n}.png" for n in range(2)]
    entries = [Entry(t.stem, "val", run / "photos" / f"{t.stem}.jpg", t, ()) for t in truths]
    write_index(run / "results" / "mine" / "index.csv", Index(("cat", "dog"), tuple(entries)))
    shutil.copy(truths[0], results / "predictions" / "val0.png")
    (results / "predictions" / "val1.png").write_text("garbage")
    before = (results / "miou.txt").stat()
    target = "results/mine/resnet18/urn/miou.txt"
    code, output = snakemake(run, target, check=False, configuration=file)
    assert code != 0
    assert "urn/predictions/val1.png cannot be read" in output
    assert "delete it and run again" in output
    assert (results / "miou.txt").stat() == before


def test_a_failed_check_keeps_the_index(run):
    index, file = run / "results" / "mine" / "index.csv", run / "mine.yaml"
    before = index.stat()
    (run / "masks" / "val1.png").write_text("none")
    code, output = snakemake(run, "results/mine/index.csv", check=False, configuration=file)
    assert code != 0 and "masks/val1.png cannot be read" in output
    assert index.stat() == before
    assert planned(run, "results/mine/index.csv", configuration=file) == {"index": 1}


def test_a_shard_that_failed_on_the_way_runs_again_in_any_case(run):
    results = run / "results" / "mine"
    ids = ["train0", "train1"]
    entries = [Entry(i, "train", run / "photos" / f"{i}.jpg", None, ("cat",)) for i in ids]
    write_index(results / "index.csv", Index(("cat", "dog"), tuple(entries)))
    archive = results / "cam" / "shards" / "00000.npz"
    made = archive.stat()
    write_archive(archive, [("train0", np.array([1]), np.full((1, 8, 8), 0.9))])
    os.utime(archive, ns=(made.st_atime_ns, made.st_mtime_ns))
    masks = [results / "pseudo_masks" / "ppmg" / f"{i}.png" for i in ids]
    targets = [str(mask.relative_to(run)) for mask in masks]
    file = configuration(run, pseudo_masks={"alpha": 2})
    code, output = snakemake(run, *targets, check=False, configuration=file)
    assert code != 0 and "00000.npz cannot be used" in output
    assert [mask.stat().st_size > 0 for mask in masks] == [True, False]
    again = planned(run, *targets, configuration=run / "mine.yaml")
    assert again == {"pseudo_masks_mine_00000": 1}
