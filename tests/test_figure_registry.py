"""The registry of figures: which a dataset has, and what the report says of them."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from small_workflow import REPOSITORY, run

from rules.plan import figures
from rules.plan.dataset import Dataset
from rules.plan.figure_kinds import CAPTION, Drawn, Figure
from urn.registry import Place

TEACHER = "efficientnet_lite0"
ALWAYS = {
    *("uncertainty", "response_scales", "crf_parameters", "contact_sheet", "training", "cost"),
    "alpha",
}
SCORED = {"stages", "classes"}


@pytest.fixture
def config():
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def names(config, dataset="shapes"):
    return {Path(file).stem for file in figures.files(Dataset(config, dataset))}


@pytest.mark.parametrize(
    ("evaluated", "more"),
    [
        ([], set()),
        (["train"], {*SCORED, f"reliability_{TEACHER}"}),
        (["val"], {*SCORED, f"comparison_{TEACHER}"}),
    ],
)
def test_figures_that_need_truth_are_left_out_without(config, evaluated, more):
    config["datasets"]["shapes"]["evaluate"] = evaluated
    assert names(config) == {*ALWAYS, "pipeline", *more}


def test_the_pipeline_needs_the_teachers_urn(config):
    config["datasets"]["shapes"]["runs"] = {"resnet18": ["urn"]}
    assert "pipeline" not in names(config)


def test_backbones_are_compared_with_the_row_of_the_baseline(config):
    compared = {f"comparison_{backbone}" for backbone in config["datasets"]["voc"]["runs"]}
    assert compared <= names(config, "voc")
    (sheet,) = [sheet for sheet in figures.SHEETS if sheet.rule == "comparison_sheet"]
    *_, baseline, _ = sheet.columns(Dataset(config, "voc"), "resnet38")
    folder = "results/voc/resnet38/cyclic_self/predictions"
    assert baseline == ("baseline (cyclic_self)", "mask", folder)
    config["datasets"]["voc"]["baseline_row"] = "baseline"  # which is not among the runs
    assert not compared & names(config, "voc")


def test_every_figure_has_a_place_of_its_own_in_the_report():
    places = [(figure.category, figure.label) for figure in figures.FIGURES]
    assert len(set(places)) == len(places)
    assert (REPOSITORY / "rules" / CAPTION).is_file()


def test_functions_that_draw_are_there():
    drawn = [figure for figure in figures.FIGURES if isinstance(figure, Drawn)]
    assert drawn and all(callable(Place(figure.draw).load()) for figure in drawn)


def test_captions_name_the_backbone():
    figure = Figure(name="a", rule="b", category="c", label="d", caption="Of {backbone}: x.")
    job = {"dataset": "shapes", "backbone": "resnet18"}
    assert figure.told(SimpleNamespace(items=job.items), []) == "Of resnet18: x."


CAPTIONED = """
from rules.plan.figure_kinds import Figure

figure = Figure(name="a", rule="drawn", category="c", label="d", caption="CAPTION")

rule drawn:
    output: "{dataset}.txt"
    params: caption=figure.told, x="OTHER"
    shell: "echo '{params.caption}' > {output}"
"""


def test_a_caption_that_is_worded_otherwise_draws_nothing_again(tmp_path):
    run(tmp_path, CAPTIONED, "shapes.txt")
    assert (tmp_path / "shapes.txt").read_text() == "CAPTION\n"
    again = run(tmp_path, CAPTIONED.replace("CAPTION", "Other words."), "--dry-run", "shapes.txt")
    assert "Nothing to be done" in again
    changed = run(tmp_path, CAPTIONED.replace("OTHER", "2"), "--dry-run", "shapes.txt")
    assert re.search(r"drawn +1\n", changed)
