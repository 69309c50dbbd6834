"""The report's tables and texts, from tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from docutils.core import publish_parts

from urn.report.ablation import Cell, ablation_table
from urn.report.cost import cost_table, images_of, minutes_drawn
from urn.report.estimate import estimate
from urn.report.front_page import Run, duration, failures, front_page, models, result, what_was_run
from urn.report.page import write_table_page
from urn.report.scores import class_iou

SHARDS = {"train": {"00000": 6, "00001": 5}, "val": {"00000": 4}, "test": {"00000": 3}}
TRAININGS = {"train_classifier": 80, "train_resnet18": 24, "train_resnet18_urn_self": 30}


@pytest.mark.parametrize(
    ("job", "images"),
    {
        "cams_00001": 5,
        "responses_resnet18_urn_val_00000": 4,
        "responses_resnet18_baseline_train_00001": 5,
        "predictions_resnet18_urn_00000": 4,
        "test_predictions_resnet18_urn_00000": 3,
        "cams_00007": 0,
        "train_classifier": 80,
        "train_resnet18_urn": 24,
        "train_resnet18-seed1_urn": 24,
        "train_resnet18_urn_self": 30,
        "train_resnet180_urn": 0,
        "index": 0,
    }.items(),
)
def test_images_of_a_job(job, images):
    assert images_of(job, SHARDS, TRAININGS) == images


def test_cost_is_summed_by_stage():
    jobs = pd.DataFrame(
        {"s": [1800.0, 3600, 20], "cpu_time": [3600.0, 0, 20], "max_rss": [100.0, 300, 200]},
        index=["cams_00000", "cams_00001", "index"],
    )
    table = cost_table(jobs, SHARDS, TRAININGS)
    assert list(table.index) == ["cams", "index"]
    cams = table.loc["cams"]
    assert (cams["jobs"], cams["images"], cams["peak_memory_mb"]) == (2, 11, 300)
    assert (cams["hours"], cams["cpu_hours"]) == (1.5, 1)
    assert cams["images_per_second"] == pytest.approx(11 / 5400)
    minutes = minutes_drawn(table)
    assert list(minutes) == ["cams", "1 smaller ones"]
    assert list(minutes.values()) == pytest.approx([90, 1 / 3])


def test_estimate_is_work_times_rates():
    rates = pd.DataFrame(
        {
            "seconds": [36.0, 360],
            "cpu_seconds": [72.0, 360],
            "gpu_seconds": [np.nan, 36],
            "kilobytes": [1e6, 0],
        },
        index=["cams", "train"],
    )
    table = estimate([("train", "urn", 1, 10), ("cams", "", 2, 100)], rates)
    assert list(table["stage"]) == ["train", "cams", "total"]
    assert list(table["hours"]) == [1, 1, 2]
    assert list(table["core_hours"]) == [1, 2, 3]
    assert table["gpu_hours"].iloc[-1] == 0.1
    assert list(table["disk_gb"]) == [0, 100, 100]
    assert np.isnan(table["images"].iloc[-1])


def test_an_ablation_has_a_row_for_every_cell():
    table = ablation_table(
        [Cell("0.05", "urn", "mIoU (%)", [50.0, 53.0]), Cell("0.05", "urn", "AUROC", [0.71236])]
    )
    assert list(table["score"]) == ["51.50 ± 2.12", "0.712"]
    assert list(table["mean"]) == [51.5, 0.7124]
    assert table["std"][0] == 2.121 and np.isnan(table["std"][1])
    assert list(table["runs"]) == [2, 1]


def test_classes_have_their_iou():
    table = class_iou(["cat", ""], np.array([0.91239, np.nan, 0.5]))
    assert list(table["class"]) == ["background", "cat", ""]
    np.testing.assert_array_equal(table["iou"], [91.24, np.nan, 50])


def test_a_page_has_the_cells_as_they_are(tmp_path):
    cells = pd.DataFrame({"of_stage": ["0.10", "<b>"]})
    write_table_page(tmp_path / "cost.html", cells, "tables/cost.tsv")
    page = (tmp_path / "cost.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<h1>cost.tsv</h1>" in page and "<p>tables/cost.tsv</p>" in page
    assert "<th>of stage</th>" in page
    assert "<td>0.10</td>" in page and "<td>&lt;b&gt;</td>" in page


@pytest.fixture
def run():
    return Run(
        dataset="tiny",
        images={"train": 12, "val": 4},
        classes=3,
        refiner="ppmg",
        alpha=11.0,
        teacher="resnet18",
        baseline_row="baseline",
        runs={"resnet18": ["baseline", "urn"], "resnet101": ["urn"]},
        scales=[0.5, 2],
        thresholds={"urn": 0.05, "urn_self": 0.05},
        seed=0,
        bundles={},
        went_on=[],
        folder="results/tiny",
    )


def test_what_was_run(run):
    assert what_was_run(run) == (
        "**tiny**: 12 train and 4 val images, 3 classes; CAMs and the refiner ppmg (alpha 11); "
        "teacher resnet18, student resnet101; response scales 0.5, 2; t = 0.05; seed 0."
    )
    changes = {
        "images": {"train": 12, "val": 0},
        "refiner": None,
        "runs": {"resnet18": ["urn"]},
        "thresholds": {"urn": 0.3, "urn_self": 0.05},
    }
    assert what_was_run(Run(**{**vars(run), **changes})) == (
        "**tiny**: 12 train images, 3 classes; another method's pseudo-masks; "
        "teacher resnet18, no student; response scales 0.5, 2; "
        "t of urn = 0.3; t of urn_self = 0.05; seed 0."
    )


def test_result_compares_urn_with_its_baseline(run):
    stages = pd.DataFrame(
        [
            ("train", "pseudo-masks", 60.0),
            ("train", "cyclic masks", 62.5),
            ("val", "resnet18 baseline", 50.0),
            ("val", "resnet18 urn", 48.75),
            ("val", "resnet101 urn", 55.0),
        ],
        columns=["split", "stage", "miou"],
    )
    shares = {"wrong_share": 0.1, "share_at_most_t": 0.25, "wrong_share_at_most_t": 0.3}
    uncertainty = pd.DataFrame([{**shares, "auroc": 0.7, "t": 0.05}])
    assert result(run, stages, uncertainty) == [
        "- resnet18, mIoU (%) on val: baseline **50.00**, urn **48.75**."
        " urn is 1.25 points below its baseline.",
        "- resnet101, mIoU (%) on val: urn **55.00**.",
        "- On train: pseudo-masks 60.00, cyclic masks 62.50. Of their pixels 10.0 % are wrong; the "
        "uncertainty finds them with an AUROC of 0.700, and of the 25.0 % that it marks (weight at "
        "most 0.05), 30.0 % are.",
    ]
    nothing = uncertainty.assign(share_at_most_t=0.0, wrong_share_at_most_t=np.nan)
    *_, line = result(run, stages, nothing)
    assert line.endswith("with an AUROC of 0.700, but marks none (weight at most 0.05).")
    line, *_ = result(replace(run, went_on=["resnet18"]), stages, None)
    assert line.endswith(
        "urn is 1.25 points below its baseline, from whose weights it went on, so that it has "
        "learned for twice as long."
    )
    assert len(result(run, stages[2:], None)) == 2
    stages["stage"] = stages["stage"].str.replace("baseline", "cyclic_self")
    rows = {"resnet18": ["cyclic_self", "urn"]}
    other = replace(run, baseline_row="cyclic_self", runs=rows, went_on=["resnet18"])
    line, *_ = result(other, stages, None)
    assert line.endswith(
        "cyclic_self **50.00**, urn **48.75**. urn is 1.25 points below its baseline."
    )


def test_failures_are_the_worst_classes(run):
    classes = pd.DataFrame(
        {
            "class": ["background", "cat", "dog", "cow"],
            "resnet18 baseline (val)": [90.0, 40, 30, 70],
            "resnet18 urn (val)": [91.0, 35, 30.5, np.nan],
            "resnet101 urn (val)": [92.0, 50, 60, 70],
        }
    )
    assert failures(run, classes) == [
        "- resnet18 urn, worst classes: dog (30.5 %), cat (35.0 %), background (91.0 %); "
        "lost most against the baseline: cat (−5.0). See comparison_resnet18.png_.",
        "- resnet101 urn, worst classes: cat (50.0 %), dog (60.0 %), cow (70.0 %).",
    ]


def test_models_are_linked_with_the_scores_of_their_cards(run):
    bundles = {"resnet18": "results/tiny/resnet18/urn/model.zip", "timm:a": "results/tiny/timm:a/b"}
    run = replace(run, bundles=bundles)
    links = [
        "- resnet18 urn: `results/tiny/resnet18/urn/model.zip <resnet18/urn/model.zip>`__, with "
        "ONNX, weights and a model card.",
        "- timm:a urn: `results/tiny/timm:a/b <timm%3Aa/b>`__, with ONNX, weights and a model "
        "card.",
    ]
    assert models(run, None, None) == links
    stages = pd.DataFrame(
        [("val", "resnet18 urn", 50.0), ("val", "timm:a urn", 75.5)],
        columns=["split", "stage", "miou"],
    )
    classes = pd.DataFrame(
        {
            "class": ["cat_", "dog", ""],
            "resnet18 urn (val)": [50.0, np.nan, np.nan],
            "timm:a urn (val)": [90.0, 61.0, np.nan],
        }
    )
    assert models(run, stages, classes) == [
        *links,
        "",
        ".. list-table:: IoU (%) on val, as the model cards tell it",
        "   :header-rows: 1",
        "",
        *("   * - class", "     - resnet18", "     - timm:a"),
        *(r"   * - cat\_", "     - 50.00", "     - 90.00"),
        *("   * - dog", "     - not met", "     - 61.00"),
        *("   * - mean", "     - 50.00", "     - 75.50"),
    ]
    page = publish_parts("\n".join(models(run, stages, classes)), writer="html5")["fragment"]
    assert 'href="timm%3Aa/b"' in page and "<td><p>cat_</p></td>" in page
    assert "system-message" not in page  # docutils' complaints


def test_the_page_has_the_sections_that_it_has_tables_for(run):
    cost = pd.DataFrame(
        {
            "stage": ["train", "cams", "index", "stages"],
            "jobs": [1, 2, 1, 1],
            "hours": [0.6, 0.3, 0.1, 0.0],
            "peak_memory_mb": [2048.0, 512, 100, 100],
        }
    )
    assert front_page(run, cost).split("\n") == [
        "**What was run**",
        "",
        what_was_run(run),
        "",
        "**What it cost**",
        "",
        "60.0 minutes of all jobs together, 5 jobs, at most 2.0 GiB each. "
        "Dearest: train 60 %, cams 30 %, index 10 %. See cost.png_.",
        "",
    ]
    stages = pd.DataFrame({"split": ["val"], "stage": ["resnet18 urn"], "miou": [50.0]})
    classes = pd.DataFrame({"class": ["cat"], "resnet18 urn (val)": [50.0]})
    page = front_page(run, cost, stages, classes)
    titles = [line for line in page.splitlines() if line.startswith("**W") or "Result" in line]
    assert titles == ["**What was run**", "**Result**", "**Where it failed**", "**What it cost**"]


def test_durations_have_the_unit_a_person_would_use():
    assert (duration(5399), duration(5400)) == ("90.0 minutes", "1.5 hours")
