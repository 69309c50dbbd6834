"""PMM's second classifier: tags of crops, CAMs of windows; and a run with it and AffinityNet."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from test_affinity import blobs
from test_workflow import REPOSITORY, TRAIN, planned, snakemake
from torch.nn import functional as F

from urn.backbones.inputs import normalised
from urn.classification.dataset import TaggedImages, tags_of_crop
from urn.classification.inference import multi_scale_cam
from urn.classification.network import SEAM
from urn.crf import CAM_CRF
from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import read_image, read_mask, write_mask
from urn.refinement import confident_mask
from urn.training.loop import prepare


@pytest.mark.parametrize("seed", range(4))
def test_crop_keeps_a_class_by_either_share(seed):
    rng = np.random.default_rng(seed)
    mask = np.full((30, 40), 255, np.uint8)
    for label in (1, 2, 3, 4):
        y, x, side = rng.integers(0, 20), rng.integers(0, 30), rng.integers(2, 15)
        mask[y : y + side, x : x + side] = label
    y, x = int(rng.integers(0, 14)), int(rng.integers(0, 24))
    window = (slice(y, y + 16), slice(x, x + 16))
    expected = []
    for label in (1, 2, 4, 9):
        whole = sum(value == label for value in mask.ravel())
        inside = sum(value == label for value in mask[window].ravel())
        if (whole and inside / whole > 0.3) or inside / 256 > 0.3:
            expected.append(label)
    assert tags_of_crop(torch.from_numpy(mask), window, [1, 2, 4, 9], 0.3) == expected


def test_shares_of_a_crop_must_be_exceeded():
    mask = torch.full((20, 20), 255, dtype=torch.uint8)
    mask[:, 10:] = 7
    mask[:2, :10] = 7  # 20 of 220
    left = (slice(0, 20), slice(0, 10))
    assert tags_of_crop(mask, left, [7], 0.1) == []  # 20 of 200
    mask[2, 0] = 7
    assert tags_of_crop(mask, left, [7], 0.1) == [7]
    assert tags_of_crop(mask, (slice(5, 9), slice(0, 10)), [7], 0.0) == []


def test_crops_are_tagged_by_what_they_show(tmp_path):
    """Red is class 1, blue class 2, each on one half of a picture that crops show a part of."""
    mask = np.full((60, 160), 255, np.uint8)
    mask[:, :60], mask[:, 100:] = 1, 2
    picture = np.zeros((60, 160, 3), np.uint8)
    picture[:, :60, 0], picture[:, 100:, 2] = 255, 255
    Image.fromarray(picture).save(tmp_path / "image.png")
    write_mask(tmp_path / "mask.png", mask)
    samples = [(tmp_path / "image.png", [1, 2])]
    arguments = (samples, 3, 48, (160, 170))
    dataset = TaggedImages(*arguments, rough_masks=[tmp_path / "mask.png"], least_share=0.1)
    dataset.augmentation.jitter = lambda image: image
    seen = set()
    for seed in range(30):
        torch.manual_seed(seed)
        sample = dataset[0]
        red = (sample["inputs"][0] > 2).float().mean()
        blue = (sample["inputs"][2] > 2).float().mean()
        for share, tag in ((red, sample["tags"][0]), (blue, sample["tags"][1])):
            if share < 0.05 or share > 0.2:
                assert tag == (share > 0.1)
        assert sample["tags"][2] == 0
        seen.add(tuple(sample["tags"].tolist()))
    assert {(1, 0, 0), (0, 1, 0)} <= seen
    assert TaggedImages(*arguments)[0]["tags"].tolist() == [1, 1, 0]


def test_confident_pixels_exceed_the_marginal(published):
    image, cams = blobs()
    maps = np.stack(list(cams.values()))
    fields = np.concatenate([(1 - maps.max(0, keepdims=True)) ** 24, maps])
    marginals = published.crf(image, fields, CAM_CRF)
    expected = np.full(image.shape[:2], 255)
    for y, x in np.ndindex(expected.shape):
        for label, marginal in zip((0, *cams), marginals[:, y, x], strict=True):
            if marginal > 0.9:
                expected[y, x] = label
    assert {0, 3, 255} <= set(np.unique(expected))
    assert (confident_mask(image, cams) == expected).mean() > 0.999
    assert not confident_mask(image, {}).any()


@pytest.fixture(scope="module")
def model() -> SEAM:
    prepare(0)
    return SEAM("efficientnet_lite0", 5, output_stride=16).eval()


@torch.no_grad()
def test_cams_of_windows_are_averaged_where_they_overlap(model, scenes):
    image, labels = read_image(scenes[0][0])[:90, :130], [2, 5]
    found = multi_scale_cam(model, image, labels, [1.0, 2.0], window=96, stride=64)
    tags = torch.tensor([[0.0, 1, 0, 0, 1]])
    total = np.zeros((2, 90, 130))
    for scale in (1, 2):
        height, width = 90 * scale, 130 * scale
        for mirrored in (False, True):
            picture = Image.fromarray(image[:, ::-1] if mirrored else image)
            picture = picture.resize((width, height), Image.Resampling.BICUBIC)
            values = normalised(picture)[None]
            sums, seen = torch.zeros(1, 2, height, width), torch.zeros(height, width)
            for bottom in {1: [90], 2: [96, 160, 180]}[scale]:
                for right in {1: [96, 130], 2: [96, 160, 224, 260]}[scale]:
                    rows = slice(max(bottom - 96, 0), bottom)
                    columns = slice(right - 96, right)
                    cam = model.cams(values[:, :, rows, columns], tags)[1][:, labels]
                    size = (rows.stop - rows.start, 96)
                    sums[:, :, rows, columns] += F.interpolate(cam, size, mode="bilinear")
                    seen[rows, columns] += 1
            cam = F.interpolate(sums / seen, (90, 130), mode="bilinear")[0].numpy()
            total += cam[:, :, ::-1] if mirrored else cam
    total = np.maximum(total, 0)
    low, high = total.min(axis=(1, 2), keepdims=True), total.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (total - low) / (high - low + 1e-5), atol=2e-3)


def test_one_window_is_the_whole_image(model, scenes):
    image = read_image(scenes[1][0])[:96, :96]
    plain = multi_scale_cam(model, image, [1, 3], [1.0])
    windowed = multi_scale_cam(model, image, [1, 3], [1.0], window=448)
    np.testing.assert_allclose(windowed, plain, atol=1e-4)


# --- the workflow


@pytest.fixture(scope="module")
def configuration(tmp_path_factory) -> Path:
    """The tiny configuration with two passes and AffinityNet."""
    content = yaml.safe_load((REPOSITORY / "tests" / "tiny.yaml").read_text())
    tiny = content["datasets"]["tiny"]
    tiny["shard_size"] = len(TRAIN)
    second = {"iterations": 4, "images_per_step": 1, "gpus": 2, "window": 160, "stride": 120}
    tiny["multi_crop"] = {"enabled": True, "classification": second}
    tiny["pseudo_masks"] = {"refiner": "affinity", "by_refiner": {"affinity": {"alpha": 3}}}
    tiny["affinity"] = {"iterations": 5, "batch_size": 4, "long_side": [96, 128], "crop": 96}
    file = tmp_path_factory.mktemp("configuration") / "two_passes.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture(scope="module")
def two_passes(finished, configuration, tmp_path_factory):
    """A run of all that follows the first classifier, on that of the finished run."""
    directory = tmp_path_factory.mktemp("two_passes") / "run"
    shutil.copytree(finished, directory, copy_function=shutil.copy2)
    target = "results/tiny/pseudo_masks/affinity_miou.txt"
    snakemake(directory, target, configuration=configuration)
    return directory


def test_two_passes_leave_their_files(two_passes):
    results = two_passes / "results" / "tiny"
    index = read_index(results / "index.csv")
    for folder in ("multi_crop/rough_masks", "affinity/labels", "pseudo_masks/affinity"):
        files = sorted((results / folder).iterdir())
        assert [file.stem for file in files] == TRAIN
        for file in files:
            tags = index.tag_ids(index[file.stem])
            assert np.isin(np.unique(read_mask(file)), [0, *tags, 255]).all()
    for curve, last in (("cam", 6), ("multi_crop", 4), ("affinity", 5)):
        table = pd.read_csv(results / curve / "curve.tsv", sep="\t")
        assert table["iteration"].iloc[-1] == last and np.isfinite(table["loss"]).all()
    archives = [results / name / "shards" / "00000.npz" for name in ("cam", "multi_crop")]
    for (_, one, first), (_, other, second) in zip(
        *(read_archive(archive, TRAIN) for archive in archives), strict=True
    ):
        np.testing.assert_array_equal(one, other)
        assert first.shape == second.shape and np.abs(first - second).max() > 0.01


def test_second_classifier_trains_in_its_own_processes_and_steps(two_passes):
    logs = two_passes / "results" / "tiny" / "logs"
    first = (logs / "train_classifier.log").read_text()
    second = (logs / "train_multi_crop_classifier.log").read_text()
    assert "a batch is 4 images: 1 process(es) × 4 images × 1 step(s)" in first
    assert "a batch is 4 images: 2 process(es) × 1 images × 2 step(s)" in second


def test_second_pass_depends_on_its_own_settings(two_passes, configuration, tmp_path):
    content = yaml.safe_load(configuration.read_text())
    tiny = content["datasets"]["tiny"]

    def plan():
        file = tmp_path / "changed.yaml"
        file.write_text(yaml.safe_dump(content))
        target = "results/tiny/pseudo_masks/affinity_miou.txt"
        return set(planned(two_passes, target, configuration=file))

    assert plan() == set()
    tiny["affinity"]["beta"] = 4
    walk = {"pseudo_masks_tiny_00000", "pseudo_masks_miou"}
    assert plan() == walk
    tiny["multi_crop"]["least_share"] = 0.2
    assert plan() == walk | {
        "train_multi_crop_classifier",
        "multi_crop_cams",
        "affinity_labels_tiny_00000",
        "train_affinity",
    }
    tiny["multi_crop"]["enabled"] = False
    assert "train_affinity" in plan() and "multi_crop_cams" not in plan()
