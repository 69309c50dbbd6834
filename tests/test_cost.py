"""What a run cost, and what one would."""

import re
import shutil

import pandas as pd
import pytest
import yaml
from test_workflow import REPOSITORY, planned, snakemake

from rules.plan import work
from rules.plan.dataset import Dataset

ALPHAS = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["pseudo_masks"]["alphas"]


def with_every_stage(folder, **changes):
    """The tiny configuration with two classifiers, AffinityNet and another refiner's masks."""
    content = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    content["datasets"]["tiny"] |= {
        "runs": {"efficientnet_lite0": ["baseline", "baseline_crf", "urn"]},
        "multi_crop": {"enabled": True, "classification": {"iterations": 5}},
        "affinity": {"iterations": 7, "batch_size": 4},
        "pseudo_masks": {"refiner": "affinity"},
        **changes,
    }
    file = folder / "every_stage.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


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


def test_estimate_plans_every_stage(tmp_path):
    file = with_every_stage(tmp_path)
    snakemake(tmp_path, "estimate", configuration=file)
    table = pd.read_csv(tmp_path / "results/tiny/tables/estimate.tsv", sep="\t").iloc[:-1]
    jobs = {stage: int(count) for stage, count in table.groupby("stage")["jobs"].sum().items()}
    plan: dict[str, int] = {}
    for rule, count in planned(tmp_path, configuration=file).items():
        stage = re.sub(r"_tiny_\d{5}$", "", rule)
        plan[stage] = plan.get(stage, 0) + count
    counted = {"index", "cams", "multi_crop_cams", "responses", "uncertainty", "predictions"}
    counted |= {"rough_masks", "affinity_labels", "cuts", "pseudo_masks", "gallery"}
    counted |= {stage for stage in plan if stage.startswith("train_") and stage != "train_images"}
    plan["gallery"] = plan["gallery_train"] + plan["gallery_val"]
    assert jobs == {stage: plan[stage] for stage in counted}
    images = table.groupby("stage")["images"].sum()
    assert images["train_multi_crop_classifier"] == 5 * 4
    assert images["train_affinity"] == 7 * 4
    assert images["pseudo_masks"] == 2 * 12
    assert images["gallery"] == 12 + 4
    assert images["cuts"] == jobs["cuts"] / 2 * 12 * len(ALPHAS)  # two shards


def test_estimate_counts_a_bundle_for_every_urn():
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    runs = {"efficientnet_lite0": ["baseline", "urn"], "resnet18": ["urn"]}
    config["datasets"]["shapes"]["runs"] = runs
    planned_work = work.planned(Dataset(config, "shapes"))
    assert [(of, jobs) for stage, of, jobs, _ in planned_work if stage == "bundle"] == [
        ("efficientnet_lite0", 1),
        ("resnet18", 1),
    ]


@pytest.fixture(scope="module")
def cost_of_all(finished, tmp_path_factory):
    """The cost by stage, as if jobs of a test split, a seed and all stages had run beside."""
    run = tmp_path_factory.mktemp("cost") / "run"
    shutil.copytree(finished, run, copy_function=shutil.copy2)
    lists = {split: f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val")}
    file = with_every_stage(
        run.parent,
        layout="voc",
        **lists,
        test=lists["val"],
        runs={"efficientnet_lite0": ["baseline", "urn"], "resnet18": ["urn"]},
        pseudo_masks={},
    )
    benchmarks = run / "results/tiny/benchmarks"
    for job in COSTED:
        shutil.copy(benchmarks / "index.tsv", benchmarks / f"{job}.tsv")
    only = ("--forcerun", "cost", "--allowed-rules", "cost")
    snakemake(run, "results/tiny/tables/cost.tsv", *only, configuration=file)
    table = pd.read_csv(run / "results/tiny/tables/cost.tsv", sep="\t")
    return table.set_index("stage")["images"]


# Jobs, and the images that each handles or, in a training, sees.
COSTED = {
    "rough_masks_00000": 6,
    "multi_crop_cams_00000": 6,
    "train_multi_crop_classifier": 5 * 4,
    "affinity_labels_00000": 6,
    "train_affinity": 7 * 4,
    "train_resnet18-seed1_urn": 6 * 4,
    "train_efficientnet_lite0_baseline_crf": 6 * 4,
    "responses_resnet18_urn_test_00000": 4,
    "test_predictions_resnet18_urn_00000": 4,
    "responses_resnet18_compared_00000": 6,
}


@pytest.mark.parametrize(("job", "images"), COSTED.items())
def test_cost_counts_the_images_of_every_stage(cost_of_all, job, images):
    assert cost_of_all[re.sub(r"_\d{5}$", "", job)] == images
