"""The benchmarks that compare with mmsegmentation compare the same things."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from benchmarks.alpha import compared
from benchmarks.foreground import scores
from benchmarks.generated import write_photographs
from benchmarks.gpu import measured, table
from benchmarks.inference import compare
from benchmarks.plain import plain_dataset
from benchmarks.refiners import ALPHAS, PLACES, cheapest, refine
from benchmarks.trainings import Setting, in_turn, our_model, ours, plain, plain_model
from urn.datasets.index import Entry, Index
from urn.files.archives import write_archive
from urn.files.images import read_mask, write_mask
from urn.refinement import crf_refine
from urn.segmentation.inference import Views

CROP = 64


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    write_photographs(tmp_path / "photographs", 4, (72, 96))
    return Setting(
        folder=tmp_path / "photographs",
        ids=tmp_path / "photographs/ImageSets/Segmentation/train.txt",
        work=tmp_path,
        backbone="resnet18",
        crop=CROP,
        head_channels=16,
    )


def test_both_sides_have_the_same_loss_of_the_same_batch(setting):
    dataset = plain_dataset(setting.folder, setting.ids, CROP)
    samples = [dataset[number] for number in range(2)]
    losses = []
    for model in (our_model(setting), plain_model(setting)):
        torch.manual_seed(0)  # of dropout
        batch = pseudo_collate(deepcopy(samples))
        if not model.data_preprocessor._channel_conversion:
            batch["inputs"] = [image.flip(0) for image in batch["inputs"]]  # ours takes RGB
        batch = model.data_preprocessor(batch, training=True)
        losses.append(model.parse_losses(model.train()(**batch, mode="loss"))[0])
    torch.testing.assert_close(*losses)


def test_trainings_take_turns(setting):
    rounds = in_turn([ours(setting), plain(setting)], rounds=2, steps=1)
    assert [len(row) for row in rounds] == [2, 2]
    assert min(map(min, rounds)) > 0


def test_both_predict_the_same(setting):
    paths = sorted((setting.folder / "JPEGImages").iterdir())[:2]
    views = Views(ratios=(1.0, 1.5), window=CROP, stride=48)
    result = compare(paths, "resnet18", head_channels=16, views=views)
    assert result.agreement.mean() > 0.95


def test_a_section_that_fails_is_a_row_of_the_table(tmp_path):
    (row,) = measured("crf", tmp_path, "toy")
    assert "failed" in row["what"]
    assert "holds 0 masks" in row["value"]
    assert row["value"] in table("no GPU", [row])


def test_a_section_that_takes_too_long_is_stopped(tmp_path):
    (row,) = measured("pipeline", tmp_path, "toy", patience=0.02)
    assert row["what"] == "stopped after 2 s"


@pytest.mark.parametrize(("every", "images"), [(1, 2), (2, 1)])
def test_choices_of_alpha_are_scored_on_an_archive(scenes, tmp_path, every, images):
    """With CAMs that are the truth, the best alpha's masks are near it."""
    classes = tuple("abcdef")
    entries, maps = [], []
    for number, (image, mask) in enumerate(scenes[:2]):
        truth = read_mask(mask)
        labels = np.setdiff1d(truth, [0, 255])
        tags = tuple(classes[label - 1] for label in labels)
        entries.append(Entry(f"beach/{number}", "train", image, mask, tags))
        maps.append((f"beach/{number}", labels, truth == labels[:, None, None]))
    write_archive(tmp_path / "cams.npz", maps)
    index = Index(classes, (*entries, Entry("of another shard", "train", image, mask, ("a",))))
    found = compared(index, [str(tmp_path / "cams.npz")], every, "ppmg")
    assert found["images"] == images
    assert 80 < found["the best alpha"] <= 100
    assert found["the chosen alpha"] <= found["the best alpha"]
    by_steps = [score for name, score in found.items() if name.startswith("for each class")]
    assert len(by_steps) == 4 and all(0 < score <= 100 for score in by_steps)


def test_objects_of_the_wrong_class_count_as_objects(tmp_path):
    truth = np.array([[0, 0, 1, 2], [0, 0, 1, 2]], np.uint8)
    mask = np.array([[0, 1, 1, 1], [0, 0, 1, 2]], np.uint8)
    write_mask(tmp_path / "truth.png", truth)
    write_mask(tmp_path / "masks/a.png", mask)
    index = Index(("a", "b"), (Entry("a", "val", "a.jpg", tmp_path / "truth.png", ()),))
    miou, objects, confused = scores(index, tmp_path / "masks")
    assert miou == pytest.approx((3 / 4 + 2 / 4 + 1 / 2) / 3)
    assert objects == pytest.approx(4 / 5)
    assert confused == pytest.approx(1 / 4)


def test_candidates_of_both_refiners_are_told_apart():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
    cams = {3: rng.random((12, 10), dtype=np.float32)}
    of_crf = refine(image, cams, np.array([[PLACES[-1]]]))
    np.testing.assert_array_equal(of_crf[0], crf_refine(image, cams, ALPHAS[-1]))
    costs = {"a": {3: np.arange(len(PLACES), 0.0, -1)}}  # the last place is the cheapest
    assert cheapest(costs, [0, PLACES[-1]], np.ones(len(PLACES))) == {"a": {3: PLACES[-1]}}
    dear = np.where(np.arange(len(PLACES)) < len(ALPHAS), 100, 1)
    assert cheapest(costs, [0, PLACES[-1]], dear) == {"a": {3: 0}}
