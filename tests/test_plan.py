"""The plan without Snakemake: paths, shards, targets."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from rules.plan import targets
from rules.plan.dataset import Dataset
from rules.plan.paths import Paths
from rules.plan.plan import Plan
from rules.plan.shards import cut

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ("root", "dataset", "backbone", "model_folder", "figures")  # of other files


@pytest.fixture
def config():
    base = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    return base | yaml.safe_load((REPOSITORY / "slurm" / "site.yaml").read_text())


def wildcards(**values):
    return SimpleNamespace(**values, items=values.items)


def test_shards_keep_all_ids_in_order():
    ids = [f"i{n}" for n in range(7)]
    shards = cut(ids, 3)
    assert list(shards) == ["00000", "00001", "00002"]
    assert [i for shard in shards.values() for i in shard] == ids
    assert max(map(len, shards.values())) == 3


def test_every_dataset_has_paths_of_its_own():
    """No two kinds of file share a path, and no path leaves the dataset's folder."""
    paths, seen = Paths("mine"), {}
    for name in dir(Paths):
        if name.startswith("_") or name in FOLDERS:
            continue
        found = getattr(paths, name)
        if callable(found):
            words = {"log": ["x"], "benchmark": ["x"], "table": ["x"], "page": ["x"]}
            found = found(*words.get(name, ["x"] if name == "figure" else []))
        for file in [found] if isinstance(found, str) else vars(found).values():
            if "/" in file:
                assert file.startswith("results/mine/")
                assert seen.setdefault(file, name) == name
    assert len(seen) > 20


def test_patterns_are_filled_with_wildcards_teacher_and_refiner(config):
    jobs, paths = Plan(config, []).jobs, Paths()
    job = wildcards(dataset="shapes", backbone="resnet18")
    file = jobs.file(paths.example("{teacher}", "baseline"))
    assert file(job) == "results/shapes/efficientnet_lite0/baseline/example.npz"
    masks = jobs.pngs(paths.predictions(supervision="urn"), "val")(job)
    assert masks[0] == "results/shapes/resnet18/urn/predictions/shapes_val_0001.png"
    assert len(masks) == config["datasets"]["shapes"]["val"]


def test_a_students_masks_are_the_teachers_of_the_same_seed(config):
    dataset = Dataset(config, "shapes")
    first, *_ = dataset.supervision_masks("resnet18-seed7", "urn")
    assert first.startswith("results/shapes/efficientnet_lite0-seed7/cyclic_masks/")
    own, *_ = dataset.supervision_weights("resnet18-seed7", "urn_self")
    assert own.startswith("results/shapes/resnet18-seed7/weights/")
    pseudo, *_ = dataset.supervision_masks("resnet18", "baseline_crf")
    assert pseudo.startswith("results/shapes/pseudo_masks/crf/")
    assert dataset.supervision_weights("resnet18", "cyclic") == []


def test_a_model_goes_on_from_the_baseline_that_made_its_masks(config):
    def initial(backbone, supervision):
        job = wildcards(dataset="shapes", backbone=backbone, supervision=supervision)
        return Plan(config, []).jobs.own_baseline(job)

    own = ["results/shapes/efficientnet_lite0-seed7/baseline/model.pth"]
    config["datasets"]["shapes"]["segmentation"]["from_baseline"] = True
    assert initial("efficientnet_lite0-seed7", "urn") == own
    assert initial("efficientnet_lite0-seed7", "baseline") == []
    assert initial("resnet18", "urn") == []  # a student, of another model's masks
    assert initial("resnet18", "urn_self") == ["results/shapes/resnet18/baseline/model.pth"]
    assert targets.went_on(Dataset(config, "shapes")) == ["efficientnet_lite0"]
    config["datasets"]["shapes"]["segmentation"]["from_baseline"] = False
    assert initial("efficientnet_lite0-seed7", "urn") == []
    assert targets.went_on(Dataset(config, "shapes")) == []


def test_settings_are_of_dataset_backbone_and_second_classifier(config):
    config["datasets"]["shapes"]["multi_crop"] = {"classification": {"iterations": 7}}
    jobs = Plan(config, []).jobs
    job = wildcards(dataset="shapes", backbone="resnet18-seed3")
    assert jobs.settings("segmentation", only=["batch_size"])(job) == {"batch_size": 8}
    assert jobs.setting("segmentation", "batch_size")(wildcards(dataset="shapes")) == 6
    assert jobs.setting("multi_crop.classification", "iterations")(job) == 7
    assert (jobs.backbone(job), jobs.seed(job)) == ("resnet18", 3)
    assert "gpus" not in jobs.settings("classification", without=["gpus"])(job)


def test_scales_of_the_second_classifiers_crops_are_those_of_its_windows(config):
    job = wildcards(dataset="voc")
    jobs = Plan(config, []).jobs
    assert jobs.crops(job) == {
        "least_share": 0.1,
        "scales": [0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3],
        "cam_size": None,
        "window": 448,
        "stride": 300,
    }
    assert jobs.crops(wildcards(dataset="shapes")) == {"least_share": 0.1}


def test_a_job_on_a_cluster_sees_its_own_shards_and_no_fingerprints(config):
    config["dataset"], config["datasets"] = "shapes", {"shapes": config["datasets"]["shapes"]}
    every = Plan(config, [])
    one = Plan(config, ["--allowed-rules", "uncertainty_shapes_00001", "--cores", "1"])
    assert len(list(every.shards("uncertainty"))) == 4
    (shard,) = one.shards("uncertainty")
    assert (shard.number, len(shard.ids)) == ("00001", 40)
    job = wildcards(dataset="shapes")
    assert one.jobs.code("cams")(job) == one.jobs.data("images")(job) == ""
    assert re.fullmatch("[0-9a-f]{12}", every.jobs.code("cams")(job))


def test_every_mask_is_a_target(config):
    found = targets.everything(Dataset(config, "shapes"))
    assert len(found) == len(set(found))
    assert sum("/cyclic_masks/" in file for file in found) == 160
    assert "results/shapes/resnet18/miou.txt" in found
    assert "results/shapes/figures/comparison_efficientnet_lite0.png" in found


def test_without_masks_nothing_is_scored(config):
    config["datasets"]["shapes"]["evaluate"] = []
    dataset = Dataset(config, "shapes")
    assert targets.stages(dataset) == []
    assert not any("miou" in file or "stages" in file for file in targets.everything(dataset))


def test_the_plan_needs_neither_torch_nor_pandas():
    code = (
        "import sys, rules.plan.plan, rules.plan.preparation, rules.plan.work; "
        "print({'torch', 'pandas', 'numpy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_rule_files_hold_rules():
    """No functions, no paths of results, and lambdas of one call at most."""
    for file in sorted((REPOSITORY / "rules").glob("*.smk")):
        text = file.read_text()
        assert "def " not in text, file.name
        for line in re.findall(r"lambda wildcards: .*", text):
            assert line.count("(") - line.count("({") <= 1, f"{file.name}: {line}"
        written = re.findall(r"results/\{dataset\}", text)
        assert not written, file.name
        assert len(text.splitlines()) <= 300
