"""What a run cost, and what one would."""

import pandas as pd
import pytest
from test_workflow import REPOSITORY, snakemake


def stages(table: pd.DataFrame) -> dict[str, int]:
    """Jobs by stage, over all models."""
    names = ("train_classifier", "cams", "pseudo_masks", "responses", "predictions")
    return {
        name: int(table.loc[table["stage"].str.startswith(name), "jobs"].sum()) for name in names
    }


@pytest.fixture(scope="module")
def cost(finished):
    return pd.read_csv(finished / "results/tiny/tables/cost.tsv", sep="\t")


@pytest.fixture(scope="module")
def estimate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("estimate")
    snakemake(directory, "estimate")
    return pd.read_csv(directory / "results/tiny/tables/estimate.tsv", sep="\t")


def test_cost_counts_jobs_and_images(cost, finished):
    rows = cost.set_index("stage")
    assert rows.loc["cams", "jobs"] == 2 and rows.loc["cams", "images"] == 12
    assert rows.loc["responses_efficientnet_lite0_baseline_val", "images"] == 4
    assert rows.loc["predictions_resnet18_urn", "images"] == 4
    training = rows.loc["train_resnet18_urn"]
    assert training["images"] == 6 * 4  # iterations × batch
    seconds = pd.read_csv(finished / "results/tiny/benchmarks/train_resnet18_urn.tsv", sep="\t")
    assert training["images_per_second"] == pytest.approx(24 / seconds["s"].item(), rel=1e-2)
    assert training["hours"] == pytest.approx(seconds["s"].item() / 3600, abs=1e-4)


def test_estimate_plans_the_jobs_that_a_run_has(cost, estimate):
    assert stages(estimate) == stages(cost)


def test_estimate_is_images_times_rates(estimate):
    rates = pd.read_csv(REPOSITORY / "slurm/rates.tsv", sep="\t", comment="#", index_col="stage")
    cams = estimate.set_index("stage").loc["cams"]
    assert cams["images"] == 12
    assert cams["core_hours"] == pytest.approx(
        12 * rates.loc["cams", "cpu_seconds"] / 3600, abs=0.01
    )
    parts, total = estimate.iloc[:-1], estimate.iloc[-1]
    assert total["stage"] == "total"
    assert total["hours"] == pytest.approx(parts["hours"].sum(), abs=0.1)
