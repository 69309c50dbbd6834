"""What is chosen without truth, scored by it: alphas, and the labels of cyclic masks."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from test_workflow import snakemake

from rules.plan.ablations import ALPHAS, LABELS
from urn.alpha_scores import score_alphas
from urn.datasets.index import Entry, Index, read_index
from urn.evaluation import ConfusionMatrix
from urn.files.images import read_mask, write_mask
from urn.refinement import ppmg

sys.path.append(str(Path(__file__).parents[1] / "workflow_scripts"))

from _responses import kept

ALPHAS_TRIED = [0.5, 2, 8]


@pytest.fixture
def samples():
    """Two images of two classes that a CAM is vague about, and one without a class."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:30, :40]
    found = []
    for name, labels in (("a", (1, 3)), ("b", (1, 2)), ("c", ())):
        image, truth = rng.integers(90, 130, (30, 40, 3), dtype=np.uint8), np.zeros((30, 40), "u1")
        cams = {}
        for place, label in enumerate(labels):
            distance = np.hypot(rows - 15, columns - (10, 30)[place])
            truth[distance < 7] = label
            image[distance < 7, place] += 40
            cams[label] = np.exp(-(distance**2) / 90).astype(np.float32)
        found.append((name, image, cams, truth))
    return found


def miou(masks, samples):
    score = ConfusionMatrix(4)
    for mask, (*_, truth) in zip(masks, samples, strict=True):
        score.add(mask, truth)
    return score.miou


def test_alphas_are_scored_one_by_one_and_as_chosen(samples):
    choice = {"a": {1: 0, 3: 2}, "b": {1: 1, 2: 1}, "c": {}}
    found = score_alphas(samples, ALPHAS_TRIED, [choice], ppmg, 4)
    masks = [[ppmg(image, cams, alpha=a) for a in ALPHAS_TRIED] for _, image, cams, _ in samples]
    singles = [miou(column, samples) for column in zip(*masks, strict=True)]
    assert found.single == singles and len({*singles}) == 3
    own = [
        ppmg(image, cams, alpha=[ALPHAS_TRIED[choice[name][label]] for label in cams] or 1)
        for name, image, cams, _ in samples
    ]
    assert found.chosen == [miou(own, samples)]
    assert list(found.of_images) == ["a", "b", "c"]
    assert found.of_images["b"] == [miou(own[1:2], samples[1:2])]
    best = [
        max(row, key=lambda mask: miou([mask], [one]))
        for row, one in zip(masks, samples, strict=True)
    ]
    assert found.best == miou(best, samples)


def test_choices_of_the_run_have_the_scores_of_its_masks(copy):
    snakemake(copy, "results/tiny/figures/selection.png")
    results = copy / "results" / "tiny"
    picture = np.asarray(Image.open(results / "figures" / "alpha_examples.png").convert("RGB"))
    assert picture.shape[1] <= 1100 and (picture < 255).any(axis=2).mean() > 0.2
    table = pd.read_csv(results / "tables" / "selection.tsv", sep="\t")
    assert list(table["setting"].unique()) == [*ALPHAS.values(), *LABELS.values()]
    scores = table.set_index(["setting", "series"])["mean"]
    index = read_index(results / "index.csv")
    for setting, series, folder in (
        (ALPHAS["of_each"], "pseudo-masks", results / "pseudo_masks" / "ppmg"),
        (LABELS["tags"], "cyclic masks", results / "efficientnet_lite0" / "cyclic_masks"),
    ):
        score = ConfusionMatrix(index.num_classes)
        for entry in index.split("train")[:6]:  # the first shard
            score.add(read_mask(folder / f"{entry.id}.png"), read_mask(copy / entry.mask))
        assert scores[setting, series] == pytest.approx(100 * score.miou, abs=0.02)
    assert scores[ALPHAS["best_of_all"], "pseudo-masks"] >= scores[ALPHAS["of_all"], "pseudo-masks"]


def test_labels_of_a_pseudo_mask_are_those_of_the_image_in_its_folder(tmp_path):
    """An image may be called as another in a subfolder is."""
    files = {image_id: str(tmp_path / f"{image_id}.png") for image_id in ("b", "a/b", "ab")}
    for label, file in enumerate(files.values(), start=1):
        Path(file).parent.mkdir(exist_ok=True)
        write_mask(file, np.array([[0, label, 255]], np.uint8))
    job = SimpleNamespace(input=SimpleNamespace(masks=[*files.values()]))
    response = np.full((4, 1, 3), 0.25, np.float32)
    for label, image_id in enumerate(files, start=1):
        entry = Entry(image_id, "train", "x.jpg", None, ("p", "q", "r"))
        labels, maps = kept(job, Index(("p", "q", "r"), (entry,)), entry, response, "pseudo_mask")
        assert labels.tolist() == [0, label]
        np.testing.assert_array_equal(maps, np.full((2, 1, 3), 0.5))
