"""Look, correct, run again: what people say of a run, in the next one."""

import shutil

import numpy as np
import pytest
import torch
import yaml
from test_workflow import REPOSITORY, TRAIN, changed_configuration, planned, snakemake, weights_of

from urn.files.images import read_mask, write_mask

EXPORTED = "results/tiny/efficientnet_lite0/exports"
NEXT = "results/tiny/efficientnet_lite0/tables/next.tsv"
BASELINE = "results/tiny/efficientnet_lite0/baseline/model.pth"


def configured(folder, **changes):
    tiny = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())["datasets"]["tiny"]
    return changed_configuration(folder, datasets={"tiny": tiny | changes})


def test_what_was_drawn_and_rejected_is_learnt(copy, tmp_path):
    """A mask is mended in CVAT, the others are left as they were handed over."""
    before = weights_of(copy / BASELINE)
    (copy / NEXT).write_text("\n".join(["image", TRAIN[0], TRAIN[3], TRAIN[8], ""]))
    snakemake(copy, "--allowed-rules", "to_draw", "--", f"{EXPORTED}/cvat.zip")
    shutil.unpack_archive(copy / EXPORTED / "cvat.zip", tmp_path / "task")
    mask = tmp_path / "task" / "SegmentationClass" / f"{TRAIN[0]}.png"
    drawn = np.full_like(read_mask(mask), 2)
    write_mask(mask, drawn)
    shutil.make_archive(str(copy / "drawn"), "zip", tmp_path / "task")
    (copy / "review.csv").write_text(f"image,verdict\n{TRAIN[5]},reject\n{TRAIN[6]},accept\n")
    mine = configured(tmp_path, corrections="drawn.zip", review="review.csv")

    plan = planned(copy, configuration=mine)
    assert plan["corrections"] == 1 and plan["train_segmentation"] == 3
    assert not {"index", "train_classifier", "cams", "pseudo_masks_tiny_00000"} & plan.keys()

    snakemake(copy, "--", BASELINE, configuration=mine)
    made = copy / "results" / "tiny" / "corrections"
    handed = copy / "results" / "tiny" / "efficientnet_lite0" / "cyclic_masks"
    for name in (TRAIN[0], TRAIN[3], TRAIN[8]):
        expected = drawn if name == TRAIN[0] else read_mask(handed / f"{name}.png")
        np.testing.assert_array_equal(read_mask(made / f"{name}.png"), expected)
    after = weights_of(copy / BASELINE)
    assert any(not torch.equal(values, after[name]) for name, values in before.items())


@pytest.mark.parametrize("tool", ["cvat.zip", "label_studio.json"])
def test_an_image_that_is_not_there_cannot_be_handed_over(copy, tool):
    (copy / NEXT).write_text("image\nabsent\n")
    asked = ("--allowed-rules", "to_draw", "--", f"{EXPORTED}/{tool}")
    code, output = snakemake(copy, *asked, check=False)
    assert code != 0 and "next.tsv names absent, no train image: delete it, run again" in output
    assert not (copy / EXPORTED / tool).exists()


def test_unusable_corrections_are_told_and_nothing_is_lost(copy, tmp_path):
    before = (copy / BASELINE).read_bytes()
    write_mask(copy / "drawn" / f"{TRAIN[0]}.png", np.full((3, 4), 1, np.uint8))
    mine = configured(tmp_path, corrections="drawn")
    code, output = snakemake(copy, "--", BASELINE, configuration=mine, check=False)
    assert code != 0 and f"mask drawn/{TRAIN[0]}.png is 4 pixels wide and 3 high but" in output
    assert "Traceback" not in output
    assert (copy / BASELINE).read_bytes() == before
    assert not (copy / "results" / "tiny" / "corrections").exists()
