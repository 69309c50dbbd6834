"""The figures, tables and report of the tiny run, and an ablation over two seeds."""

import base64
import re
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_workflow import changed_configuration, planned, snakemake

TEACHER = "efficientnet_lite0"
FIGURES = [
    *("pipeline", "uncertainty", "response_scales", "crf_parameters", "contact_sheet"),
    *("stages", "classes", "alpha", "training", "cost"),
    *(f"{kind}_{TEACHER}" for kind in ("reliability", "comparison")),
]
TABLES = ["stages", "classes", "cost", f"uncertainty_{TEACHER}"]


@pytest.fixture(scope="module")
def results(finished):
    return finished / "results" / "tiny"


def table(results, name):
    return pd.read_csv(results / "tables" / f"{name}.tsv", sep="\t")


def number(file):
    return float(file.read_text().partition("\t")[0])


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_picture(results, name):
    pixels = np.asarray(Image.open(results / "figures" / f"{name}.png").convert("RGB"))
    assert 600 < pixels.shape[1] <= 1100
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (border == 255).all()  # nothing is cut off
    assert (pixels < 255).any(axis=2).mean() > 0.01


def test_stages_repeat_the_scores(results):
    stages = table(results, "stages").set_index(["split", "stage"])["miou"]
    files = {
        ("train", "CAMs"): "cam/miou.txt",
        ("train", "pseudo-masks"): "pseudo_masks/ppmg_miou.txt",
        ("train", "cyclic masks"): f"{TEACHER}/cyclic_masks_miou.txt",
        ("val", f"{TEACHER} baseline"): f"{TEACHER}/baseline/miou.txt",
        ("val", f"{TEACHER} urn"): f"{TEACHER}/urn/miou.txt",
        ("val", "resnet18 urn"): "resnet18/urn/miou.txt",
    }
    assert list(stages.index) == list(files)
    assert list(stages) == [number(results / file) for file in files.values()]
    classes = table(results, "classes").set_index("class")
    means = classes.mean()
    for split, stage in files:
        assert means[f"{stage} ({split})"] == pytest.approx(stages[split, stage], abs=0.011)


def test_cams_are_cut_at_their_best_threshold(results):
    thresholds = pd.read_csv(results / "cam" / "thresholds.tsv", sep="\t")
    assert number(results / "cam" / "miou.txt") == pytest.approx(thresholds["miou"].max())


def test_uncertainty_table_follows_from_the_weights(results):
    row = table(results, f"uncertainty_{TEACHER}").iloc[0]
    by_weight = pd.read_csv(results / TEACHER / "uncertainty_by_weight.tsv", sep="\t")
    low = by_weight[by_weight["weight"] <= 12]  # t = 0.05 of 255
    share = low["pixels"].sum() / by_weight["pixels"].sum()
    assert row["share_at_most_t"] == pytest.approx(share, abs=1e-4)
    if share:
        wrong = low["wrong"].sum() / low["pixels"].sum()
        assert row["wrong_share_at_most_t"] == pytest.approx(wrong, abs=1e-4)


def test_cost_adds_up_the_benchmarks(results):
    cost = table(results, "cost").set_index("stage")
    files = [results / "benchmarks" / f"cams_0000{n}.tsv" for n in range(2)]
    seconds = sum(pd.read_csv(file, sep="\t")["s"].item() for file in files)
    assert cost["jobs"]["cams"] == 2
    assert cost["hours"]["cams"] == pytest.approx(seconds / 3600, abs=1e-4)


def test_front_page_tells_the_scores_of_the_tables(results):
    text = (results / "report" / "front_page.rst").read_text()
    stages = table(results, "stages")
    scores = stages[stages["split"] == "val"]["miou"]
    assert re.findall(r"\*\*(\d+\.\d+)\*\*", text) == [f"{score:.2f}" for score in scores]
    change = number(results / TEACHER / "miou.txt") - number(
        results / TEACHER / "baseline/miou.txt"
    )
    side = "above" if change >= 0 else "below"
    assert f"urn is {abs(change):.2f} points {side} its baseline" in text
    assert re.search(r"\d+\.\d minutes of all jobs", text)


@pytest.fixture(scope="module")
def retold(finished, tmp_path_factory):
    """The tables and pages of the same run where `urn` has a t and `ppmg` an alpha of its own."""
    run = tmp_path_factory.mktemp("retold") / "run"
    shutil.copytree(finished, run, copy_function=shutil.copy2)
    changes = {
        "supervisions": {"urn": {"t": 0.3}},
        "pseudo_masks": {"by_refiner": {"ppmg": {"alpha": 7}}},
    }
    file = changed_configuration(run.parent, **changes)
    only = ("reliability", "front_page")
    page = "results/tiny/report/front_page.rst"
    options = ("--forcerun", *only, "--allowed-rules", *only)
    snakemake(run, page, *options, configuration=file)
    return run / "results" / "tiny"


def test_uncertain_pixels_are_counted_at_the_t_of_urn(retold):
    row = table(retold, f"uncertainty_{TEACHER}").iloc[0]
    by_weight = pd.read_csv(retold / TEACHER / "uncertainty_by_weight.tsv", sep="\t")
    low = by_weight[by_weight["weight"] / 255 <= 0.3]
    share = low["pixels"].sum() / by_weight["pixels"].sum()
    assert row["t"] == 0.3
    assert row["share_at_most_t"] == pytest.approx(share, abs=1e-4)


def test_front_page_tells_the_t_of_urn(retold):
    text = (retold / "report" / "front_page.rst").read_text()
    assert "t = 0.3" in text and "(weight at most 0.3)" in text


def test_front_page_tells_the_alpha_of_the_refiner(retold):
    assert "the refiner ppmg (alpha 7)" in (retold / "report" / "front_page.rst").read_text()


@pytest.mark.parametrize("name", TABLES)
def test_pages_have_the_cells_of_their_tables(results, name):
    page = (results / "tables" / f"{name}.html").read_text()
    lines = (results / "tables" / f"{name}.tsv").read_text().splitlines()[1:]
    cells = re.findall("<td>(.*?)</td>", page)
    assert cells == [cell for line in lines for cell in line.split("\t")]


def test_report_holds_every_figure_and_table(finished, results, tmp_path):
    snakemake(finished, "--report", str(tmp_path / "report.html"))
    html = (tmp_path / "report.html").read_text()
    shown = [results / "figures" / f"{name}.png" for name in FIGURES]
    for file in [*shown, *(results / "tables" / f"{name}.html" for name in TABLES)]:
        assert base64.b64encode(file.read_bytes()).decode() in html, file
    for title in ("What was run", "Result", "Where it failed", "What it cost"):
        assert title in html
    assert "system-message" not in html  # docutils' complaint about a caption or a link
    assert len(re.findall(r"data:image/png", html)) == len(FIGURES)  # no mask one by one


def test_zipped_report_holds_the_same(finished, results, tmp_path):
    snakemake(finished, "--report", str(tmp_path / "report.zip"))
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        found = {archive.read(name) for name in archive.namelist()}
    for name in FIGURES:
        assert (results / "figures" / f"{name}.png").read_bytes() in found


@pytest.fixture(scope="module")
def compared(finished, tmp_path_factory):
    """An ablation over two seeds, and the quality of two further measures.

    Of the trainings that the ablation lacks one is run, with both another seed and another refiner;
    the scores of the two others are put there.
    """
    directory = tmp_path_factory.mktemp("compared") / "run"
    shutil.copytree(finished, directory, copy_function=shutil.copy2)
    changes = {"ablation": {"seeds": [0, 1], "refiners": ["crf"]}}
    file = changed_configuration(directory.parent, **changes)
    weights = [
        f"results/tiny/{TEACHER}/weights_{name}.tsv" for name in ("tta_variance", "coco_scales")
    ]
    results = directory / "results" / "tiny"
    trained = results / f"{TEACHER}-seed1" / "baseline_crf" / "miou.txt"
    snakemake(directory, str(trained.relative_to(directory)), *weights, configuration=file)
    target = "results/tiny/figures/refiners.png"
    plan = planned(directory, target, configuration=file)
    assert plan["train_segmentation"] == plan["predictions_miou"] == 2
    assert plan.keys() <= {"train_segmentation", "responses", "predictions_tiny_00000"} | {
        *("predictions_miou", "pseudo_masks_miou", "ablation")
    }
    for row, score in ((f"{TEACHER}-seed1/baseline", 1.25), (f"{TEACHER}/baseline_crf", 41.5)):
        (results / row).mkdir(parents=True)
        (results / row / "miou.txt").write_text(f"{score}\tput there\n")
    only = ("--allowed-rules", "pseudo_masks_miou", "ablation")
    snakemake(directory, target, *only, configuration=file)
    return results


@pytest.mark.slow
def test_ablation_gives_means_and_deviations_over_the_seeds(compared):
    refiners = table(compared, "refiners").set_index(["setting", "series"])
    for refiner, row in (("ppmg", "baseline"), ("crf", "baseline_crf")):
        folders = [compared / f"{TEACHER}{suffix}" for suffix in ("", "-seed1")]
        values = [number(folder / row / "miou.txt") for folder in folders]
        cell = refiners.loc[refiner, "baseline"]
        assert cell["mean"] == pytest.approx(np.mean(values))
        assert cell["std"] == pytest.approx(np.std(values, ddof=1), abs=1e-3)
        digits = 3 if np.mean(values) < 1 else 2
        deviation = np.std(values, ddof=1)
        assert cell["score"] == f"{np.mean(values):.{digits}f} ± {deviation:.{digits}f}"
        masks = refiners.loc[refiner, "pseudo-masks"]
        assert masks["mean"] == number(compared / "pseudo_masks" / f"{refiner}_miou.txt")
        assert masks["runs"] == 1
    assert np.asarray(Image.open(compared / "figures" / "refiners.png")).std() > 0


@pytest.mark.slow
def test_ablation_leaves_shared_stages_and_plain_trainings_alone(compared, results):
    for file in ("cam/classifier.pth", f"{TEACHER}/baseline/model.pth", f"{TEACHER}/urn/model.pth"):
        assert (compared / file).stat().st_mtime == (results / file).stat().st_mtime


@pytest.mark.slow
def test_measures_write_the_same_kind_of_file(compared):
    for name in ("tta_variance", "coco_scales"):
        files = sorted((compared / TEACHER / f"weights_{name}").iterdir())
        assert len(files) == 12
        weights = [Image.open(file) for file in files]
        assert {weight.mode for weight in weights} == {"L"}
        assert max(np.asarray(weight).max() for weight in weights) == 255
        quality = pd.read_csv(compared / TEACHER / f"weights_{name}.tsv", sep="\t")
        assert quality["images"].item() == 12
