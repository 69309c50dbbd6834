"""Which scores stand in the ablations' tables."""

from pathlib import Path

import pytest
import yaml

from rules.plan import ablations, configuration
from rules.plan.dataset import Dataset
from urn.errors import UserError

REPOSITORY = Path(__file__).parents[1]
TEACHER = "efficientnet_lite0"


@pytest.fixture
def config():
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def files(config, table, dataset="shapes"):
    cells = ablations.cells(Dataset(config, dataset), table)
    return {(c.setting, c.series, c.measure): c.files for c in cells}


def test_thresholds_take_one_from_the_cyclic_masks_and_t_from_urn(config):
    root = f"results/shapes/{TEACHER}"
    rows = ("urn_t0", "urn", "urn_t0.1", "urn_t0.5", "cyclic")
    assert list(files(config, "thresholds").values()) == [(f"{root}/{r}/miou.txt",) for r in rows]
    settings = [setting for setting, *_ in files(config, "thresholds")]
    assert settings == ["0", "0.05", "0.1", "0.5", "1"]


def test_thresholds_take_the_t_of_the_row_urn(config):
    config["supervisions"]["urn"]["t"] = 0.3
    found = {setting: paths for (setting, *_), paths in files(config, "thresholds").items()}
    assert list(found) == ["0", "0.1", "0.3", "0.5", "1"]
    assert found["0.3"] == (f"results/shapes/{TEACHER}/urn/miou.txt",)


def test_every_seed_has_its_file(config):
    config["ablation"]["seeds"] = [3, 0]
    found = files(config, "backbones")["resnet18", "urn", ablations.VAL]
    assert found == (
        "results/shapes/resnet18-seed3/urn/miou.txt",
        "results/shapes/resnet18/urn/miou.txt",
    )


def test_every_row_that_is_compared_is_a_supervision(config):
    rows = configuration.supervisions(config)
    for table in ablations.TABLES:
        for (_, _, measure), paths in files(config, table).items():
            if measure == ablations.VAL:
                assert all(path.split("/")[3] in rows for path in paths)
        assert files(config, table)


@pytest.mark.parametrize(
    ("dataset", "row", "series", "alone"),
    [
        ("voc", "cyclic_self", "baseline (cyclic_self)", "cyclic_self"),
        ("coco", "baseline", "baseline", "cyclic"),
    ],
)
def test_tables_compare_with_the_row_of_the_baseline(config, dataset, row, series, alone):
    """On VOC the teacher's baseline of Table 2 is t = 1 of Table 3."""
    entry = config["datasets"][dataset]
    root, teacher = f"results/{dataset}", entry["teacher"]
    for table, backbones in (
        ("backbones", entry["runs"]),
        ("distillation", entry["runs"].keys() - {teacher}),
    ):
        found = files(config, table, dataset)
        for backbone in backbones:
            cell = found[backbone, series, ablations.VAL]
            assert cell == (f"{root}/{backbone}/{row}/miou.txt",)
    for table, setting in (("thresholds", "1"), ("probability", "none"), ("measures", "none")):
        cells = files(config, table, dataset).items()
        (without,) = [paths for (name, *_), paths in cells if name == setting]
        assert without == (f"{root}/{teacher}/{alone}/miou.txt",)


def test_cyclic_self_learns_a_backbones_own_cyclic_masks_without_weights(config):
    dataset = Dataset(config, "shapes")
    mask, *_ = dataset.supervision_masks("resnet18", "cyclic_self")
    assert mask.startswith("results/shapes/resnet18/cyclic_masks/")
    assert dataset.supervision_weights("resnet18", "cyclic_self") == []
    assert not dataset.supervisions["cyclic_self"]["pretended_underfitting"]


def test_distillation_has_the_teachers_row_and_its_students(config):
    found = [(setting, series) for setting, series, _ in files(config, "distillation")]
    own, taught = "urn, its own masks", "urn, the teacher's"
    assert found == [
        *(("efficientnet_lite0", series) for series in ("baseline", own)),
        *(("resnet18", series) for series in ("baseline", own, taught)),
    ]
    config["datasets"]["shapes"]["runs"].pop("resnet18")
    assert not files(config, "distillation")


def test_without_truth_nothing_is_compared(config):
    entry = config["datasets"]["shapes"]
    entry["evaluate"] = ["val"]
    assert {m for table in ablations.TABLES for *_, m in files(config, table)} == {ablations.VAL}
    entry["evaluate"] = ["train"]
    assert not any(files(config, table) for table in ablations.TABLES)


@pytest.mark.parametrize("backbone", ["resnet18", "timm:resnet18.a1_in1k"])
@pytest.mark.parametrize("seed", [0, 7])
def test_seeds_are_told_from_folders(backbone, seed):
    folder = configuration.seeded(backbone, seed, plain=7)
    assert configuration.split_seed(folder, plain=7) == (backbone, seed)
    assert (folder == backbone) == (seed == 7)


def test_measure_must_be_a_row_of_the_measures(config):
    config["supervisions"]["mine"] = {
        "masks": "teacher",
        "weighting": "uncertainty",
        "measure": "entropi",
    }
    with pytest.raises(UserError, match=r"supervisions\.mine\.measure .* did you mean 'entropy'"):
        configuration.check(config)


def test_other_scales_must_be_given(config):
    config["measures"]["narrow"] = {"method": "urn"}
    with pytest.raises(UserError, match=r"measures\.narrow lacks the key 'scales'"):
        configuration.check(config)
