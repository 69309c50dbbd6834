"""What `make test` plans only, run for real: `make test-whole`."""

from pathlib import Path

import numpy as np
import pytest
from test_report import TEACHER, number, table
from test_voc2012 import FOLDER, TEST, configuration, submitted
from test_workflow import (
    TRAIN,
    changed_configuration,
    command,
    kill_once,
    png_hashes,
    snakemake,
)

pytestmark = pytest.mark.slow


def test_after_a_killed_shard_the_whole_run_ends_as_without(copy):
    results = copy / "results" / "tiny"
    before = png_hashes(results / TEACHER)
    shard = [results / TEACHER / "weights" / f"{image_id}.png" for image_id in TRAIN[:6]]
    for file in shard:
        file.unlink()
    targets = [str(file.relative_to(copy)) for file in shard]
    kill_once(lambda: any(map(Path.exists, shard)), command(copy, *targets))
    snakemake(copy, "--unlock")
    snakemake(copy)
    assert png_hashes(results / TEACHER) == before
    assert "Nothing to be done" in snakemake(copy)


def test_from_voc_s_archives_to_the_submission(tmp_path):
    file = configuration(tmp_path)
    for target in ("prepare_mini", "prepare_mini_test"):
        snakemake(tmp_path, target, configuration=file)
    target = f"results/mini/{TEACHER}/submission.tgz"
    snakemake(tmp_path, target, configuration=file)
    assert list(submitted(tmp_path / target)) == [f"{FOLDER}/{i}.png" for i in TEST]


def test_an_ablation_over_two_seeds(copy):
    changes = {"ablation": {"seeds": [0, 1], "refiners": ["crf"]}}
    file = changed_configuration(copy.parent, **changes)
    snakemake(copy, "results/tiny/figures/refiners.png", configuration=file)
    results = copy / "results" / "tiny"
    found = table(results, "refiners").set_index(["setting", "series"])
    for refiner, row in (("ppmg", "baseline"), ("crf", "baseline_crf")):
        folders = [results / f"{TEACHER}{suffix}" for suffix in ("", "-seed1")]
        values = [number(folder / row / "miou.txt") for folder in folders]
        assert found.loc[refiner, "baseline"]["mean"] == pytest.approx(np.mean(values))
