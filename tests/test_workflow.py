"""The workflow run end to end on a tiny generated dataset, and what a change makes it run again."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from urn.datasets.index import read_index
from urn.datasets.shapes import SHAPES_CLASSES
from urn.files.images import palette, read_mask

REPOSITORY = Path(__file__).parents[1]
TRAIN = [f"shapes_train_{n:04d}" for n in range(1, 13)]
VAL = [f"shapes_val_{n:04d}" for n in range(1, 5)]


def command(directory, *arguments, configuration=REPOSITORY / "tests" / "tiny.yaml"):
    return [
        sys.executable,
        *("-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")),
        *("--cores", "2", "--max-threads", "1"),
        *("--directory", str(directory), "--configfile", str(configuration)),
        *("--workflow-profile", str(REPOSITORY / "profiles" / "default")),
        *arguments,
    ]


def snakemake(directory, *arguments, check=True, hooks=False, **options):
    """What a run prints; `hooks` if it is to end with the report."""
    arguments = arguments if hooks else ("--no-hooks", *arguments)
    done = subprocess.run(
        command(directory, *arguments, **options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
    )
    output = done.stdout
    assert not check or done.returncode == 0, output[-4000:]
    return output if check else (done.returncode, output)


def changed_configuration(folder, **changes):
    """The tiny configuration with other values at its top level, as a file."""
    configuration = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    file = folder / "changed.yaml"
    file.write_text(yaml.safe_dump(configuration | changes))
    return file


def planned(directory, *arguments, **options):
    """Job counts of a dry run, by rule; shards by their stage."""
    output = snakemake(directory, "--dry-run", *arguments, **options)
    if "Nothing to be done" in output:
        return {}
    table = output.split("Job stats:")[1].split("total")[0]
    counts = {}
    for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE):
        if name not in ("all", "count"):
            counts[name] = counts.get(name, 0) + int(count)
    return counts


def weights_of(model):
    return torch.load(model, weights_only=True)["state_dict"]


def png_hashes(root):
    files = sorted(root.rglob("*.png"))
    return {str(f.relative_to(root)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_every_stage_leaves_its_files(finished):
    results = finished / "results" / "tiny"
    teacher = results / "efficientnet_lite0"
    for folder in (
        results / "pseudo_masks" / "ppmg",
        teacher / "cyclic_masks",
        teacher / "weights",
    ):
        assert sorted(f.stem for f in folder.glob("*")) == TRAIN
    for backbone, supervision in (("efficientnet_lite0", "baseline"), ("resnet18", "urn")):
        folder = results / backbone / supervision
        assert sorted(f.stem for f in (folder / "predictions").glob("*")) == VAL
        curve = pd.read_csv(folder / "curve.tsv", sep="\t")
        assert curve["iteration"].iloc[-1] == 6
        assert np.isfinite(curve["loss"]).all()
        assert not (folder / "responses").exists() or not list((folder / "responses").iterdir())
        assert not (folder / "work").exists()
    for backbone in ("efficientnet_lite0", "resnet18"):
        number, what = (results / backbone / "miou.txt").read_text().split("\t")
        assert 0 <= float(number) <= 100
        assert f"{backbone}/urn/predictions on 4 val images" in what


def test_masks_are_palette_images_and_weights_grey(finished):
    teacher = finished / "results" / "tiny" / "efficientnet_lite0"
    mask = Image.open(teacher / "cyclic_masks" / f"{TRAIN[0]}.png")
    assert mask.mode == "P" and np.array_equal(mask.getpalette(), palette().reshape(-1))
    weight = Image.open(teacher / "weights" / f"{TRAIN[0]}.png")
    assert weight.mode == "L" and weight.size == mask.size
    assert read_mask(teacher / "cyclic_masks" / f"{TRAIN[0]}.png").max() <= len(SHAPES_CLASSES)


def test_a_training_is_evaluated_on_val_where_asked(finished):
    results = finished / "results" / "tiny"
    curve = pd.read_csv(results / "resnet18" / "urn" / "curve.tsv", sep="\t")
    scores = curve.set_index("iteration")["miou"].dropna()
    assert scores.index.tolist() == [3, 6] and scores.between(0, 100).all()
    assert "miou" not in pd.read_csv(results / "efficientnet_lite0/urn/curve.tsv", sep="\t")


def test_table_repeats_the_scores(finished):
    results = finished / "results" / "tiny"
    table = pd.read_csv(results / "tables" / "summary.tsv", sep="\t")
    files = [
        results / "pseudo_masks" / "ppmg_miou.txt",
        results / "efficientnet_lite0" / "cyclic_masks_miou.txt",
        *(
            results / b / s / "miou.txt"
            for b, s in (
                ("efficientnet_lite0", "baseline"),
                ("efficientnet_lite0", "urn"),
                ("resnet18", "urn"),
            )
        ),
    ]
    for file in files:
        number, what = file.read_text().strip().split("\t")
        assert table.set_index("score")["value"][what] == pytest.approx(float(number))


def test_every_job_has_a_log_and_a_benchmark(finished):
    results = finished / "results" / "tiny"
    logs = {f.stem for f in (results / "logs").glob("*.log")}
    benchmarks = {f.stem for f in (results / "benchmarks").glob("*.tsv")}
    assert logs == {*benchmarks, "cost"}  # which reads the benchmarks
    assert {
        "index",
        "train_classifier",
        "cams_00001",
        "uncertainty_efficientnet_lite0_00000",
    } <= logs


def test_nothing_touched_nothing_to_be_done(finished):
    assert planned(finished) == {}


AFTER_URN = {
    "train_segmentation": 2,
    "responses": 2,
    "predictions_miou": 2,
    "miou": 2,
    "summary": 1,
    "cost": 1,
}
AFTER_SCORES = (
    "stages",
    "stages_figure",
    "classes_figure",
    "val_images",
    "comparison_sheet",
    "cost",
    "front_page",
)
PICTURES_OF_URN = ("example", "pipeline_figure", "training_figure")


@pytest.mark.parametrize("change", [{"t": 0.1}, {"supervisions": {"urn": {"t": 0.1}}}])
def test_changing_t_reruns_the_weighted_trainings_only(finished, tmp_path, change):
    file = changed_configuration(tmp_path, **change)
    shown = dict.fromkeys([*AFTER_SCORES, *PICTURES_OF_URN, "reliability"], 1)
    expected = {**AFTER_URN, **shown, "predictions_tiny_00000": 2, "table_page": 4}
    expected |= {"gallery_val_tiny_00000": 1, "gallery": 1}
    assert planned(finished, configuration=file) == expected


def test_another_start_retrains_only_what_its_own_baseline_taught(finished, tmp_path):
    file = changed_configuration(tmp_path, segmentation={"from_baseline": False})
    plan = planned(finished, configuration=file)
    assert plan["train_segmentation"] == plan["responses"] == plan["predictions_miou"] == 1


def test_changing_a_response_scale_reruns_from_the_uncertainty_on(finished, tmp_path):
    file = changed_configuration(tmp_path, uncertainty={"scales": [0.2, 5]})
    plan = planned(finished, configuration=file)
    assert plan["uncertainty_tiny_00000"] == plan["uncertainty_tiny_00001"] == 1
    assert plan["uncertainty_quality"] == 1
    assert plan["train_segmentation"] == 2
    assert not {"train_classifier", "cams", "pseudo_masks_tiny_00000"} & set(plan)


def test_cyclic_masks_show_what_the_tags_say(finished):
    index = read_index(finished / "results" / "tiny" / "index.csv")
    folder = finished / "results" / "tiny" / "efficientnet_lite0" / "cyclic_masks"
    for entry in index.split("train"):
        shown = set(np.unique(read_mask(folder / f"{entry.id}.png")).tolist())
        assert shown <= {0, *index.tag_ids(entry)}


def test_alphas_are_chosen_by_what_masks_cost(finished):
    folder = finished / "results" / "tiny" / "pseudo_masks"
    costs = pd.concat(
        pd.read_csv(f, sep="\t") for f in sorted((folder / "ppmg_cuts").glob("*.tsv"))
    ).set_index(["image", "class_id"])
    common = int(costs.mean().to_numpy().argmin())
    choice = pd.read_csv(folder / "ppmg_alpha.tsv", sep="\t").set_index(["image", "class_id"])
    assert choice.index.equals(costs.index)
    near = (costs + 2 * costs.groupby("class_id").transform("mean")).iloc[
        :, max(common - 1, 0) : common + 2
    ]
    chosen = [near.loc[key, f"{alpha:g}"] for key, alpha in choice["alpha"].items()]
    np.testing.assert_allclose(chosen, near.min(axis=1))
    table = pd.read_csv(folder / "ppmg_cuts.tsv", sep="\t")
    assert table["dataset"].to_numpy().nonzero()[0].tolist() == [common]
    assert table["chosen"].sum() == len(choice)


def test_another_freedom_of_alpha_keeps_the_cuts(finished, tmp_path):
    file = changed_configuration(tmp_path, pseudo_masks={"alpha_steps": 0})
    plan = planned(finished, configuration=file)
    assert plan["alpha"] == plan["pseudo_masks_tiny_00000"] == plan["pseudo_masks_tiny_00001"] == 1
    assert not {"cuts_tiny_00000", "cams", "train_classifier"} & set(plan)


def test_a_given_alpha_needs_no_cuts(finished, tmp_path):
    plan = planned(
        finished, configuration=changed_configuration(tmp_path, pseudo_masks={"alpha": 3})
    )
    assert plan["pseudo_masks_tiny_00000"] == 1
    assert not {"alpha", "alpha_figure", "cuts_tiny_00000"} & set(plan)


def test_labels_of_the_pseudo_mask_rerun_from_the_responses_on(finished, tmp_path):
    file = changed_configuration(tmp_path, uncertainty={"labels": "pseudo_mask"})
    plan = planned(finished, configuration=file)
    assert plan["uncertainty_tiny_00000"] == plan["uncertainty_tiny_00001"] == 1
    assert not {"train_classifier", "pseudo_masks_tiny_00000", "predictions"} & set(plan)


def test_changing_the_working_size_reruns_all_that_reads_images(finished, tmp_path):
    plan = planned(finished, configuration=changed_configuration(tmp_path, working_size=64))
    assert not {"shapes_tiny", "index"} & set(plan)
    for rule, count in (("train_classifier", 1), ("cams", 2), ("train_segmentation", 3)):
        assert plan[rule] == count
    for stage in ("pseudo_masks", "uncertainty"):
        assert plan[f"{stage}_tiny_00000"] == plan[f"{stage}_tiny_00001"] == 1
    assert plan["predictions_tiny_00000"] == 3


def test_rules_name_the_working_size_where_their_scripts_use_it():
    for file in (REPOSITORY / "rules").glob("*.smk"):
        for rule in re.split(r"\n *(?=(?:use )?rule\b)", file.read_text())[1:]:
            if script := re.search(r'script:\s+"../(\S+)"', rule):
                path = REPOSITORY / script[1]
                helpers = re.findall(r"^from (_\w+) import", path.read_text(), re.MULTILINE)
                files = [path, *(path.with_name(f"{name}.py") for name in helpers)]
                used = any("params.working_size" in file.read_text() for file in files)
                assert used == ("working_size=" in rule), rule


def test_the_reference_crf_makes_the_same_masks(copy, tmp_path):
    pytest.importorskip("pydensecrf.densecrf", reason="needs pydensecrf, which is not installed")
    teacher = copy / "results" / "tiny" / "efficientnet_lite0"
    files = [teacher / kind / f"{TRAIN[0]}.png" for kind in ("weights", "cyclic_masks")]
    before = [np.array(Image.open(file)) for file in files]
    made = files[0].stat().st_mtime
    target = str(files[0].relative_to(copy))
    file = changed_configuration(tmp_path, crf_backend="pydensecrf")
    only = ("--allowed-rules", "responses", "uncertainty_tiny_00000")
    snakemake(copy, target, *only, configuration=file)
    assert files[0].stat().st_mtime > made
    for old, path in zip(before, files, strict=True):
        assert (np.array(Image.open(path)) == old).mean() > 0.999


def test_deleting_a_weight_mask_reruns_its_shard_and_what_follows(copy):
    weights = copy / "results" / "tiny" / "efficientnet_lite0" / "weights"
    (weights / f"{TRAIN[7]}.png").unlink()
    plan = planned(copy)
    assert plan["uncertainty_tiny_00001"] == 1
    assert "uncertainty_tiny_00000" not in plan
    assert plan["train_segmentation"] == 2  # the teacher's and the student's urn, not the baseline
    assert plan["responses"] == 3  # the shard's own archive was temporary, and the two new models'
    assert not {"train_classifier", "cams", "pseudo_masks_tiny_00000"} & set(plan)


def kill_once(reached, arguments):
    """Run a command and kill -9 it and all its children as soon as `reached` says so."""
    run = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 300
    while not reached():
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def test_a_killed_shard_leaves_no_half_written_png(copy):
    results = copy / "results" / "tiny"
    before = png_hashes(results)
    shard = [results / "pseudo_masks" / "ppmg" / f"{image_id}.png" for image_id in TRAIN[:6]]
    for file in shard:
        file.unlink()
    targets = [str(file.relative_to(copy)) for file in shard]
    kill_once(lambda: any(file.exists() for file in shard), command(copy, *targets))
    for mask in filter(Path.exists, shard):
        read_mask(mask)  # raises if it is cut short
    snakemake(copy, "--unlock")
    snakemake(copy, *targets)
    assert png_hashes(results) == before
    assert not [f for f in results.rglob(".*") if f.is_file() and ".part" in f.name]


def test_a_killed_training_goes_on_where_it_was(copy):
    folder = copy / "results" / "tiny" / "efficientnet_lite0" / "urn"
    expected = weights_of(folder / "model.pth")
    (folder / "model.pth").unlink()
    kill_once(
        lambda: list(folder.glob("work/iteration_[345].pth")),
        command(copy, str(folder.relative_to(copy) / "model.pth")),
    )
    snakemake(copy, "--unlock")
    snakemake(copy, str(folder.relative_to(copy) / "model.pth"))
    log = (copy / "results/tiny/logs/train_efficientnet_lite0_urn.log").read_text()
    assert re.search(r"resumed from iteration [345] ", log)
    resumed = weights_of(folder / "model.pth")
    for name, values in expected.items():
        torch.testing.assert_close(resumed[name], values, rtol=1e-4, atol=1e-5)


def test_responses_and_their_variance_are_written_image_by_image(copy):
    """The first images of both are in files before the job ends."""
    folder = copy / "results/tiny/efficientnet_lite0/baseline/compared"
    kill_once(
        lambda: [file.stat().st_size > 0 for file in folder.glob(".*.part.npz")] == [True, True],
        command(copy, str(folder.relative_to(copy) / "00000.npz")),
    )
    assert not list(folder.glob("0*.npz"))


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("seed=-1", "config: seed is -1: it must be at least 0"),
        ("dataset=tinny", "did you mean 'tiny'?"),
    ],
)
def test_a_configuration_mistake_is_one_sentence(tmp_path, mistake, sentence):
    code, output = snakemake(tmp_path, "--dry-run", "--config", mistake, check=False)
    assert code != 0
    assert sentence in output
    assert "Traceback" not in output


def test_a_dataset_whose_list_is_absent_is_named(tmp_path):
    file = tmp_path / "absent.yaml"
    file.write_text(
        "dataset: absent\ndatasets: {absent: {layout: voc, root: nowhere, train: train.txt, "
        "val: val.txt, teacher: resnet18, runs: {resnet18: [urn]}}}\n"
    )
    code, output = snakemake(tmp_path, "--dry-run", check=False, configuration=file)
    assert code != 0
    assert "dataset absent: " in output and "nowhere/train.txt" in output
