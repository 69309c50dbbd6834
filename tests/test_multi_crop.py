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
from urn.classification.dataset import TaggedImages, TaggedWindows, tags_of_crop
from urn.classification.inference import multi_scale_cam
from urn.classification.network import SEAM
from urn.crf import CAM_CRF
from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import read_image, read_mask, write_mask
from urn.refinement import confident_mask
from urn.training.loop import prepare
from urn.windows import zoomed_windows


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


def spans(length, scale, window, stride):
    """The windows along a side as METHOD counts them, brought back to the image's pixels."""
    side = int(length * scale)
    count = 1 + -(-max(0, side - window) // stride)
    ends = [(stride * i, stride * (i + 1)) for i in range(count - 1)]
    ends.append((max(0, side - window), side))
    return [(int(one / scale), int(other / scale)) for one, other in ends]


@pytest.mark.parametrize("scale", [0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3])
@pytest.mark.parametrize("size", [(375, 500), (500, 333), (448, 448), (120, 97), (480, 640)])
def test_windows_are_those_of_the_published_grid(size, scale):
    found = zoomed_windows(size, scale, 448, 300)
    rows, columns = (spans(length, scale, 448, 300) for length in size)
    expected = [(*y, *x) for y in rows for x in columns]
    seen = np.zeros(size, int)
    for (y, x), (top, bottom, left, right) in zip(found, expected, strict=True):
        assert (y.start, x.start) == (top, left)
        # Rounding twice may leave out the last pixel; ours covers it.
        assert 0 <= y.stop - bottom <= (y.stop == size[0]) * 2
        assert 0 <= x.stop - right <= (x.stop == size[1]) * 2
        seen[y, x] += 1
    assert (seen > 0).all()


@pytest.mark.parametrize(
    ("scale", "count"),
    [(0.75, 1), (1, 2), (1.25, 4), (1.5, 6), (2, 9), (2.5, 12), (3, 20)],
)
def test_number_of_windows_of_a_voc_image(scale, count):
    assert len(zoomed_windows((375, 500), scale, 448, 300)) == count


def test_no_window_is_empty():
    windows = zoomed_windows((9, 40), 3, 32, 1)
    assert all(y.stop > y.start and x.stop > x.start for y, x in windows)


@torch.no_grad()
def test_cams_of_windows_are_averaged_over_all_scales(model, scenes):
    image, labels = read_image(scenes[0][0])[:90, :130], [2, 5]
    found = multi_scale_cam(model, image, labels, [1.0, 2.0], window=96, stride=64)
    tags = torch.tensor([[0.0, 1, 0, 0, 1]])
    sums, seen = np.zeros((2, 90, 130)), np.zeros((90, 130))
    for scale in (1.0, 2.0):
        for top, bottom in spans(90, scale, 96, 64):
            for left, right in spans(130, scale, 96, 64):
                picture = Image.fromarray(image).crop((left, top, right, bottom))
                values = normalised(picture.resize((96, 96), Image.Resampling.BILINEAR))[None]
                for mirrored in (False, True):
                    cam = model.cams(values.flip(3) if mirrored else values, tags)[1][:, labels]
                    cam = F.interpolate(cam, (bottom - top, right - left), mode="bilinear")[0]
                    cam = cam.flip(2) if mirrored else cam
                    sums[:, top:bottom, left:right] += cam.numpy()
                    seen[top:bottom, left:right] += 1
    assert len(np.unique(seen)) > 3
    mean = sums / seen
    low, high = mean.min(axis=(1, 2), keepdims=True), mean.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (mean - low) / (high - low + 1e-5), atol=2e-3)


def test_one_window_is_the_whole_image(model, scenes):
    image = read_image(scenes[1][0])[:96, :96]
    plain = multi_scale_cam(model, image, [1, 3], [1.0])
    windowed = multi_scale_cam(model, image, [1, 3], [1.0], window=96)
    np.testing.assert_allclose(windowed, plain, atol=1e-4)


@pytest.fixture
def windows_of(tmp_path):
    """`TaggedWindows` of one picture with this rough mask, without jitter."""
    rng = np.random.default_rng(0)

    def made(mask, scales, cam_size=None):
        picture = rng.integers(0, 256, (*mask.shape, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "image.png")
        write_mask(tmp_path / "mask.png", mask)
        dataset = TaggedWindows(
            [(tmp_path / "image.png", [1, 2])],
            num_classes=3,
            crop=48,
            rough_masks=[tmp_path / "mask.png"],
            least_share=0.1,
            scales=scales,
            window=64,
            stride=40,
            cam_size=cam_size,
        )
        dataset.jitter = lambda image: image
        return dataset, Image.fromarray(picture)

    return made


@pytest.mark.parametrize(("scales", "cam_size"), [([0.75, 1.5], None), ([0.5, 1], 150)])
def test_crops_are_windows_of_the_grid_with_the_tags_they_keep(windows_of, scales, cam_size):
    mask = np.full((70, 100), 255, np.uint8)
    mask[:, :30], mask[:, 70:] = 1, 2
    dataset, picture = windows_of(mask, scales, cam_size)
    tags_by_pixels = {}
    for scale in (0.75, 1.5):
        for y, x in zoomed_windows((70, 100), scale, 64, 40):
            kept = tags_of_crop(torch.from_numpy(mask), (y, x), [1, 2], 0.1)
            crop = picture.crop((x.start, y.start, x.stop, y.stop))
            for view in (crop, crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
                values = normalised(view.resize((48, 48), Image.Resampling.BILINEAR))
                tags_by_pixels[values.numpy().tobytes()] = kept
    seen = set()
    for seed in range(60):
        torch.manual_seed(seed)
        sample = dataset[0]
        pixels = sample["inputs"].numpy().tobytes()
        tags = 1 + sample["tags"].nonzero()[:, 0]
        assert tags.tolist() == tags_by_pixels[pixels]
        seen.add(pixels)
    assert len(seen) > 0.7 * len(tags_by_pixels)


@pytest.mark.parametrize(("columns", "least", "most"), [((0, 0), 0, 0), ((0, 9), 0.45, 0.9)])
def test_windows_are_drawn_again_until_a_tag_stays(windows_of, columns, least, most):
    """One of five windows in a row keeps a tag: five draws find it in two of three cases."""
    mask = np.full((30, 100), 255, np.uint8)
    mask[:, slice(*columns)] = 1
    dataset, _ = windows_of(mask, scales=[2.0])
    assert len(zoomed_windows((30, 100), 2.0, 64, 40)) == 5
    found = []
    for seed in range(60):
        torch.manual_seed(seed)
        found.append(dataset[0]["tags"].sum().item())
    assert least <= np.mean(found) <= most


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_second_classifier_trains_in_its_own_processes_and_steps(two_passes):
    logs = two_passes / "results" / "tiny" / "logs"
    first = (logs / "train_classifier.log").read_text()
    second = (logs / "train_multi_crop_classifier.log").read_text()
    assert "a batch is 4 images: 1 process(es) × 4 images × 1 step(s)" in first
    assert "a batch is 4 images: 2 process(es) × 1 images × 2 step(s)" in second


@pytest.mark.slow
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
    second = {
        "train_multi_crop_classifier",
        "multi_crop_cams",
        "affinity_labels_tiny_00000",
        "train_affinity",
    }
    tiny["multi_crop"]["least_share"] = 0.2
    assert plan() == walk | second
    tiny["multi_crop"]["least_share"] = 0.1
    tiny["multi_crop"]["classification"]["stride"] = 100  # of its training crops, too
    assert plan() == walk | second
    tiny["multi_crop"]["enabled"] = False
    assert "train_affinity" in plan() and "multi_crop_cams" not in plan()
