"""The configuration is checked in one sentence, and resolves as its comments say."""

import copy
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from rules.plan import configuration
from rules.plan.schema.sections import SECTIONS
from rules.plan.schema.values import CrfBackend
from urn.crf.dense_crf import BACKENDS as CRF_BACKENDS
from urn.errors import UserError
from urn.registry import BACKBONES, REFINERS

REPOSITORY = Path(__file__).parents[1]
SHAPES = {
    "layout": "shapes",
    "root": "./data/shapes",
    "train": 3,
    "val": 3,
    "teacher": "resnet18",
    "runs": {"resnet18": ["urn"]},
}
MINE = {
    "layout": "folder",
    "images": "photos",
    "train": "tags.csv",
    "classes": ["cat"],
    "teacher": "resnet18",
    "runs": {"resnet18": ["urn"]},
}
MANY = [f"class {number}" for number in range(255)]


@pytest.fixture
def config():
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def changed(config, key, value):
    *path, last = key.split(".")
    inner = config
    for part in path:
        inner = inner[part]
    inner[last] = value
    return config


def test_default_configuration_is_valid(config):
    configuration.check(config)


@pytest.mark.parametrize(
    "file", sorted((REPOSITORY / "docs/configurations").glob("*.yaml")), ids=str
)
def test_documented_configurations_are_valid(config, file):
    configuration.check(configuration._laid_over(config, yaml.safe_load(file.read_text())))


def test_schema_names_what_the_library_has():
    assert sorted(configuration.BACKBONES) == sorted(BACKBONES)
    assert sorted(configuration.REFINERS) == sorted([*REFINERS, "own"])
    assert get_args(CrfBackend) == ("auto", *CRF_BACKENDS)


def test_any_timm_model_is_a_backbone(config):
    names = ["timm:resnet18", "timm:vit_tiny_patch16_224.augreg_in21k_ft_in1k"]
    changed(config, "classification.backbone", names[0])
    changed(config, "datasets.shapes.teacher", names[0])
    changed(config, "datasets.shapes.runs", {name: ["baseline", "urn"] for name in names})
    configuration.check(changed(config, "segmentation.by_backbone", {names[1]: {"crop": 64}}))
    wildcard = re.compile(configuration.TIMM_BACKBONE)
    assert all(wildcard.fullmatch(name) for name in names)
    assert not wildcard.fullmatch("timm:resnet18/urn")
    assert configuration.resolve(config, "shapes", "segmentation", names[1])["crop"] == 64


def test_every_section_key_has_a_default(config):
    for section in configuration.SECTIONS:
        keys = SECTIONS[section].model_fields
        assert set(keys) - {"folder"} == set(config[section]), section


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"gpus": 3},
            "segmentation.batch_size of dataset shapes is 8: it must be a multiple of gpus",
        ),
        ({"gpus": 4, "nodes": 3}, "segmentation.gpus of dataset shapes is 4: .* of nodes, 3"),
        (
            {"gpus": "auto", "nodes": 3},
            "segmentation.batch_size of dataset shapes is 8: it must be a multiple of nodes, 3",
        ),
        ({"gpus": "all"}, "segmentation.gpus has the unknown value 'all': .*allowed: auto"),
    ],
)
def test_processes_share_a_batch_evenly(config, changes, sentence):
    for key, value in changes.items():
        changed(config, f"segmentation.{key}", value)
    with pytest.raises(UserError, match=sentence):
        configuration.check(config)


def test_site_file_is_valid_and_names_every_stage(config):
    site = yaml.safe_load((REPOSITORY / "slurm" / "site.yaml").read_text())
    configuration.check(config | site)
    rules = "".join(file.read_text() for file in (REPOSITORY / "rules").glob("*.smk"))
    assert set(re.findall(r'needs\("(\w+)"', rules)) == set(site["site"]["stages"])


def test_every_cluster_rule_says_what_it_needs():
    for file in (REPOSITORY / "rules").glob("*.smk"):
        for rule in re.split(r"\n *(?:use )?rule\b", file.read_text())[1:]:
            inherits = " as " in rule.partition(":")[0]
            assert inherits or "needs(" in rule or "localrule: True" in rule, rule


@pytest.mark.parametrize(
    ("key", "value", "parts"),
    [
        ("tt", 0.1, ["the top level", "'tt'", "did you mean 't'?"]),
        ("t", 1.5, ["t is 1.5", "at most 1"]),
        ("t", "small", ["t is 'small'", "type number"]),
        ("seed", -1, ["seed is -1", "at least 0"]),
        ("shard_size", 500, ["shard_size is 500", "at most 100"]),
        ("working_size", 5, ["working_size is 5", "at least 32"]),
        ("working_size", "atuo", ["working_size", "'atuo'", "did you mean 'auto'?", "pixels of"]),
        ("datasets.shapes.working_size", 0.5, ["working_size is 0.5", "type integer"]),
        ("dataset", "shape", ["dataset", "'shape'", "did you mean 'shapes'?"]),
        ("crf_backend", "gpu", ["crf_backend", "'gpu'", "allowed: auto, numba, torch, pydensecrf"]),
        ("pseudo_masks.refiner", "ppgm", ["pseudo_masks.refiner", "'ppgm'", "'ppmg'", "crf"]),
        ("pseudo_masks.alpha", 0, ["pseudo_masks.alpha is 0", "greater than 0"]),
        ("classification.learning_rat", 1, ["classification", "'learning_rat'", "learning_rate"]),
        ("classification.long_side", [320], ["classification.long_side is [320]"]),
        ("segmentation.crop", 12.5, ["segmentation.crop is 12.5", "type integer"]),
        ("segmentation.by_backbone", {"vgg": {}}, ["segmentation.by_backbone", "'vgg'"]),
        ("uncertainty.scales", [2], ["uncertainty.scales is [2]"]),
        ("supervisions.urn.masks", "own", ["supervisions.urn.masks", "'own'", "teacher, self"]),
        ("datasets.shapes.teacher", "vgg16", ["datasets.shapes.teacher", "'vgg16'", "resnet18"]),
        ("datasets.shapes.teacher", "timm", ["'timm'", "res2net101, timm:<name>"]),
        ("datasets.shapes.teacher", "timm:a/b", ["'timm:a/b'", "timm:<name>"]),
        ("datasets.shapes.teacher", 5, ["datasets.shapes.teacher", "value 5"]),
        ("datasets.shapes.runs", {"timm:": ["urn"]}, ["datasets.shapes.runs", "'timm:'"]),
        ("datasets.shapes.tacher", "x", ["datasets.shapes", "'tacher'", "'teacher'"]),
        (
            "datasets.shapes.layout",
            "coc",
            ["datasets.shapes.layout", "'coc'", "shapes, voc, coco, folder"],
        ),
        ("datasets.shapes.train", "list.txt", ["datasets.shapes.train is 'list.txt'", "integer"]),
        ("datasets.shapes.runs", {"resnet18": ["urm"]}, ["runs.resnet18", "'urm'", "'urn'"]),
        ("pretrained.resnet101.format", "onnx", ["pretrained.resnet101.format", "'onnx'", "mxnet"]),
        (
            "pretrained.resnet101.sha256",
            "xyz",
            ["'xyz' in pretrained.resnet101.sha256", "[0-9a-f]"],
        ),
        ("archives.voc2013", {}, ["archives", "'voc2013'", "did you mean 'voc2012'?"]),
        (
            "segmentation.pretrained",
            "coco",
            ["segmentation.pretrained", "'coco'", "imagenet, none"],
        ),
        (
            "datasets.voc.baseline_row",
            "cyclic_selv",
            ["datasets.voc.baseline_row", "'cyclic_selv'", "did you mean 'cyclic_self'?"],
        ),
        ("datasets.voc.download", "yes", ["datasets.voc.download is 'yes'", "type boolean"]),
        ("datasets.mine", {"layout": "folder"}, ["datasets.mine lacks the key 'images'"]),
        ("datasets.a b", {"layout": "shapes"}, ["'a b'"]),
        ("datasets.mine\n", {"layout": "shapes"}, ["'mine\\n'"]),
        ("segmentation.learning_rate", "1e-3", ["is '1e-3'", "takes 1e-3 for text: write 0.001"]),
        ("segmentation.learning_rate", "1e-8", ["write 1.0e-08"]),
        (
            "ablation.seeds",
            [0, "1"],
            ["ablation.seeds.1", "this 1 is text: write it without quotes"],
        ),
        ("bundle", "false", ["is 'false'", "without quotes in a file, False after --config"]),
        ("pseudo_masks.alpha", float("inf"), ["pseudo_masks.alpha is inf", "finite number"]),
        ("t", float("nan"), ["t is nan", "finite number"]),
        ("responses.ratios", [1, float("nan")], ["responses.ratios is nan", "finite number"]),
        ("seed", 2**32, ["seed is 4294967296", "at most 4294967295"]),
        ("ablation.seeds", [2**32], ["ablation.seeds.0", "at most 4294967295"]),
        ("segmentation.batch_size", 10**9, ["segmentation.batch_size", "at most 4096"]),
        ("classification.batch_size", 10**9, ["classification.batch_size", "at most 4096"]),
        ("affinity.radius", 1000, ["affinity.radius is 1000", "at most 32"]),
        ("affinity.log_t", 99, ["affinity.log_t is 99", "at most 16"]),
        ("datasets.shapes.segmentation.ratios", [2, 0.5], ["segmentation.ratios", "smaller"]),
        ("datasets.shapes.affinity.long_side", [512, 96], ["affinity.long_side", "smaller"]),
        ("datasets.coco.segmentation.min_learning_rate", 0.05, ["dataset coco is 0.05", "0.02"]),
        ("supervisions.urn_t0", {"masks": "self", "weighting": "none"}, ["'urn_t0'"]),
        ("supervisions.baseline_crf", {"masks": "self", "weighting": "none"}, ["baseline_crf"]),
        (
            "datasets.other",
            SHAPES,
            ["datasets shapes and other have the same root './data/shapes'"],
        ),
        ("datasets.mine", MINE | {"val": "tags.csv"}, ["'tags.csv' as train and as val"]),
        ("datasets.mine", MINE | {"classes": ["Background"]}, ["classes: class 'Background'"]),
        ("datasets.mine", MINE | {"classes": ["a", "b", "a"]}, ["classes has 'a' twice"]),
        ("datasets.mine", MINE | {"classes": MANY}, ["at most 254 entries, not 255"]),
        ("datasets.mine", MINE | {"segmentation": {"evaluate_every": 5}}, ["evaluate_every", "5"]),
    ],
)
def test_mistakes_are_named_in_one_sentence(config, key, value, parts):
    with pytest.raises(UserError) as error:
        configuration.check(changed(config, key, value))
    message = str(error.value)
    assert message.startswith("config: ") and "\n" not in message
    for part in parts:
        assert part in message


def test_all_mistakes_are_told_at_once(config):
    config["seed"], config["segmentation"]["crop"] = -1, "large"
    config["classification"] |= {"a": 1, "b": 2}
    with pytest.raises(UserError) as error:
        configuration.check(config)
    first, *lines = str(error.value).splitlines()
    assert first == "the configuration has 4 faults to mend:"
    assert all(line.startswith("  config: ") for line in lines)
    for part in (
        "seed is -1",
        "crop has the unknown value 'large'",
        "unknown key 'a'",
        "unknown key 'b'",
    ):
        assert any(part in line for line in lines)


def test_a_mistake_of_several_datasets_is_told_once(config):
    changed(config, "affinity.nodes", 3)
    with pytest.raises(UserError, match=r"batch_size .* 8: .* nodes, 3 \(and so of coco\)"):
        configuration.check(config)


@pytest.mark.parametrize("section", configuration.SECTIONS)
def test_keys_deleted_from_config_yaml_are_named(config, section):
    for key in list(config[section])[:2]:
        del config[section][key]
        with pytest.raises(UserError, match=f"config: {section} lacks the key '{key}': add it"):
            configuration.check(config)


def test_two_datasets_may_read_from_one_root(config):
    for name in ("a", "b"):
        voc = {**SHAPES, "layout": "voc", "root": "data/voc", "train": "a.txt", "val": "b.txt"}
        config["datasets"][name] = voc
    configuration.check(config)


def test_sections_are_laid_over_each_other(config):
    changed(
        config,
        "datasets.shapes.segmentation",
        {"crop": 99, "by_backbone": {"resnet18": {"crop": 77}}},
    )
    before = copy.deepcopy(config)
    assert configuration.resolve(config, "shapes", "segmentation", "resnet18")["crop"] == 77
    resolved = configuration.resolve(config, "shapes", "segmentation", "efficientnet_lite0")
    assert resolved["crop"] == 99
    assert resolved["batch_size"] == config["segmentation"]["batch_size"]
    assert "by_backbone" not in resolved
    assert config == before


def test_thresholds_become_supervisions(config):
    config["t"], config["thresholds"] = 0.2, [1, 0.5]
    rows = configuration.supervisions(config)
    assert rows["urn_t0.5"] == {**rows["urn"], "t": 0.5}
    assert rows["urn"]["t"] == 0.2 and rows["urn_self"]["t"] == 0.2
    assert "t" not in rows["baseline"] and "t" not in rows["probability"]


def test_own_pseudo_masks_need_their_folder(config):
    config["datasets"]["shapes"]["pseudo_masks"] = {"refiner": "own"}
    with pytest.raises(UserError, match="has the refiner 'own' but no 'folder': add the folder"):
        configuration.check(config)
    config["datasets"]["shapes"]["pseudo_masks"]["folder"] = "masks"
    configuration.check(config)


@pytest.mark.parametrize("section", ["classification", "affinity", "segmentation"])
def test_a_batch_is_a_multiple_of_its_steps(config, section):
    own = config["datasets"]["shapes"][section]
    for settings in (own, *own.get("by_backbone", {}).values()):
        settings.pop("batch_size", None)
    config[section] |= {"batch_size": 16, "images_per_step": 4}
    configuration.check(config)
    config[section]["images_per_step"] = 6
    sentence = f"config: {section}.batch_size of dataset shapes is 16: it must be a multiple of"
    with pytest.raises(UserError, match=f"{sentence} images_per_step, 6"):
        configuration.check(config)
    config[section]["images_per_step"] = "auto"
    configuration.check(config)


def test_images_per_step_is_a_number_or_auto(config):
    config["segmentation"]["images_per_step"] = "all"
    sentence = (
        "segmentation.images_per_step has the unknown value 'all': .*auto, a number of images"
    )
    with pytest.raises(UserError, match=sentence):
        configuration.check(config)
    config["segmentation"]["images_per_step"] = 1
    with pytest.raises(UserError, match=r"images_per_step is 1: it must be at least 2"):
        configuration.check(config)


def test_windows_leave_no_gaps(config):
    config["multi_crop"]["classification"] = {"window": 448, "stride": 448}
    configuration.check(config)
    config["multi_crop"]["classification"]["stride"] = 449
    sentence = "multi_crop.classification.stride of dataset shapes is 449: it must be at most"
    with pytest.raises(UserError, match=sentence):
        configuration.check(config)
