"""Large images are worked on smaller; small ones, and the way back, are exact."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from urn.affinity.dataset import LabelledImages
from urn.classification import network
from urn.classification.dataset import TaggedImages
from urn.classification.network import PixelCorrelationModule
from urn.evaluation import CamThresholds, ConfusionMatrix, UncertaintyQuality
from urn.files.archives import read_archive
from urn.files.images import image_size, palette, read_image, read_mask, write_grey, write_mask
from urn.segmentation.transforms import LoadSample
from urn.working_size import AUTO_PIXELS, enlarge_labels, enlarged, nearest, working_shape


@pytest.mark.parametrize(
    ("size", "working_size", "expected"),
    [
        ((1024, 1024), "auto", (1024, 1024)),
        ((1, 5000), "auto", (1, 5000)),
        ((2000, 2000), "auto", (1024, 1024)),
        ((3000, 4000), "original", (3000, 4000)),
        ((3000, 4000), 400, (300, 400)),
        ((300, 200), 400, (300, 200)),
        ((9000, 2), 450, (450, 1)),
    ],
)
def test_working_shape(size, working_size, expected):
    assert working_shape(*size, working_size) == expected
    assert working_shape(*size[::-1], working_size) == expected[::-1]


@pytest.mark.parametrize("size", [(3000, 4000), (8000, 6000), (1100, 1000), (500, 30000)])
def test_auto_keeps_the_aspect_within_its_area(size):
    height, width = working_shape(*size, "auto")
    assert height * width == pytest.approx(AUTO_PIXELS, rel=0.01)
    assert height / width == pytest.approx(size[0] / size[1], rel=0.01)


def gradient(height, width):
    """An image whose colours tell where a pixel was."""
    rows, columns = np.mgrid[:height, :width]
    pixels = [255 * columns / width, 255 * rows / height, np.full(rows.shape, 90)]
    return Image.fromarray(np.stack(pixels, axis=2).astype(np.uint8))


def with_palette(ids):
    image = Image.fromarray(ids)
    image.putpalette(palette().reshape(-1).tolist())
    return image


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_image_is_shrunk_and_turned(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    gradient(480, 640).save(path, exif=exif, **({"quality": 95} if suffix == "jpg" else {}))
    small, whole = read_image(path, 100), read_image(path)
    assert small.shape == ((75, 100, 3) if orientation == 1 else (100, 75, 3))
    assert image_size(path) == whole.shape[:2]
    expected = Image.fromarray(whole).resize(small.shape[1::-1], Image.Resampling.BOX)
    assert np.abs(small.astype(int) - np.asarray(expected)).max() <= 6


def test_shrinking_averages(tmp_path):
    checks = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(checks).save(tmp_path / "a.png")
    inside = read_image(tmp_path / "a.png", 50)[2:-2, 2:-2].astype(int)
    assert np.abs(inside - 127).max() <= 3


STRIPES = np.tile(np.uint8([[1], [1], [2], [2]]), (50, 100))


@pytest.mark.parametrize(
    ("image", "mean"),
    [
        (Image.fromarray(STRIPES).convert("L"), (1.5, 1.5, 1.5)),
        (Image.fromarray((STRIPES - 1).astype(np.uint16) * 65535), (127, 127, 127)),
        (Image.fromarray(np.stack([0 * STRIPES, 255 * (STRIPES - 1)], axis=2), "LA"), (127,) * 3),
        (with_palette(STRIPES), (64, 64, 0)),
    ],
    ids=["grey", "16 bits", "transparent", "palette"],
)
def test_other_modes_are_converted_before_they_are_shrunk(tmp_path, image, mean):
    image.save(tmp_path / "a.png")
    inside = read_image(tmp_path / "a.png", 50)[2:-2]
    assert np.abs(inside.astype(float) - mean).max() <= 2


def test_small_images_are_read_bit_for_bit_the_same(scenes):
    for path, _ in scenes:
        np.testing.assert_array_equal(read_image(path, "auto"), read_image(path, "original"))


@pytest.mark.parametrize("band", [1 << 22, 700])
def test_bands_are_bilinear(monkeypatch, band):
    monkeypatch.setattr("urn.working_size.BAND", band)
    maps = np.random.default_rng(0).random((3, 13, 9), np.float32)
    expected = F.interpolate(torch.from_numpy(maps)[None], (61, 40), mode="bilinear")[0].numpy()
    rows, parts = zip(*enlarged(maps, (61, 40)), strict=True)
    assert [r.start for r in rows[1:]] == [r.stop for r in rows[:-1]]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, atol=1e-5)


def test_no_maps_are_enlarged_to_none():
    ((_, maps),) = enlarged(np.zeros((0, 4, 6), np.float32), (61, 40))
    assert maps.shape == (0, 61, 40)


def test_enlarged_labels_have_smooth_outlines():
    below = np.tri(60, dtype=bool)  # a diagonal: enlarged ten times, nearest pixels climb in tens
    mask = np.where(below, 255, 7).astype(np.uint8)
    large, stepped = enlarge_labels(mask, (600, 600)), nearest(mask, (600, 600))
    assert np.unique(large).tolist() == [7, 255]
    climbs = [np.diff((m == 255).sum(axis=0))[20:-20] for m in (large, stepped)]
    assert [np.abs(climb).max() for climb in climbs] == [2, 10]
    assert (large != stepped).mean() < 0.01


def test_written_masks_have_the_size_asked_for(tmp_path):
    mask = np.array([[0, 1], [2, 255]], np.uint8)
    write_mask(tmp_path / "mask.png", mask, (4, 6))
    write_grey(tmp_path / "weight.png", mask, (4, 6))
    expected = mask.repeat(2, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), expected)
    np.testing.assert_array_equal(read_mask(tmp_path / "weight.png"), expected)
    write_mask(tmp_path / "same.png", mask, (2, 2))
    np.testing.assert_array_equal(read_mask(tmp_path / "same.png"), mask)


@pytest.fixture
def large(tmp_path):
    """An image of 300×200 whose right half is class 2, its mask and its weights."""
    paths = tmp_path / "a.png", tmp_path / "mask.png", tmp_path / "weight.png"
    gradient(200, 300).save(paths[0])
    half = np.where(np.arange(300) < 150, 0, 2).astype(np.uint8)[None].repeat(200, axis=0)
    write_mask(paths[1], half)
    write_grey(paths[2], 100 * half)
    return paths


@pytest.mark.parametrize("size", [(200, 300), (100, 150)])
def test_segmentation_learns_at_the_working_size(large, size):
    """From masks of the image's size, and of the working size."""
    image, mask, weight = large
    write_mask(mask, read_mask(mask)[:: 200 // size[0], :: 300 // size[1]])
    sample = {"img_path": image, "mask_path": mask, "weight_path": weight, "num_classes": 3}
    loaded = LoadSample(150).transform(sample)
    assert loaded["img"].shape == (100, 150, 3)
    expected = np.where(np.arange(150) < 75, 0, 2)
    np.testing.assert_array_equal(loaded["gt_seg_map"], np.tile(expected, (100, 1)))
    np.testing.assert_array_equal(loaded["gt_weight_map"], np.tile(100 * expected, (100, 1)))


def test_classifiers_and_affinity_learn_at_the_working_size(large):
    """A crop of all that there is: its left half is dark, as its labels say."""
    image, mask, _ = large
    labelled = LabelledImages([(image, mask)], 96, (96, 96), working_size=30)
    tagged = TaggedImages([(image, [2])], 2, 96, (96, 96), 30, rough_masks=[mask])
    torch.manual_seed(0)
    labels = labelled[0]["labels"][:8]
    assert {tuple(set(column)) for column in labels.T.tolist()} == {(0,), (2,)}
    assert tagged[0]["tags"].tolist() == [0, 1]


def correlated(monkeypatch, **limits: int) -> tuple[Tensor, Tensor, int]:
    """What a fixed module of 480 pixels gives, its gradient, and the size of its largest tensor."""
    for name, value in limits.items():
        monkeypatch.setattr(network, name, value)
    torch.manual_seed(0)
    pcm = PixelCorrelationModule((4, 6))
    cam, images = torch.rand(2, 3, 5, 6), torch.randn(2, 3, 80, 96)
    stages = torch.randn(2, 4, 20, 24), torch.randn(2, 6, 10, 12)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.numel()) or t, lambda t: t
    ):
        found = pcm(cam, images, *stages)
    found.square().sum().backward()
    with torch.inference_mode():
        torch.testing.assert_close(pcm(cam, images, *stages), found.detach())
    return found.detach(), pcm.embed.weight.grad, max(kept)


def test_affinity_in_parts_is_the_same_in_less_memory(monkeypatch):
    found, gradient, largest = correlated(monkeypatch)
    assert largest == 2 * 480**2
    in_parts = correlated(monkeypatch, AFFINITY_BYTES=1000, PIXELS_AT_ONCE=100)
    torch.testing.assert_close(in_parts[:2], (found, gradient))
    assert in_parts[2] < largest / 2


def test_affinity_of_too_many_pixels_is_made_on_a_coarser_grid(monkeypatch):
    found, _, largest = correlated(monkeypatch)
    coarse, _, smaller = correlated(monkeypatch, AFFINITY_PIXELS=200)
    assert coarse.shape == found.shape
    assert smaller < largest / 4
    assert (coarse - found).abs().mean() < 0.2 * found.std()


def test_scores_of_an_image_are_sums_over_its_parts(monkeypatch):
    rng = np.random.default_rng(0)
    truth, mask = rng.choice(np.array([0, 1, 2, 255], np.uint8), (2, 40, 50))
    weight = rng.integers(0, 256, truth.shape, dtype=np.uint8)
    expected = [[((truth == t) & (mask == m)).sum() for m in range(3)] for t in range(3)]
    monkeypatch.setattr("urn.evaluation.PIXELS_AT_ONCE", 77)
    matrix, quality = ConfusionMatrix(3), UncertaintyQuality()
    matrix.add(mask, truth)
    quality.add(weight, mask, truth)
    np.testing.assert_array_equal(matrix.counts, expected)
    table = quality.table().set_index("weight")
    counted = truth != 255
    for value in (0, 100, 255):
        here = counted & (weight == value)
        assert table["pixels"].get(value, 0) == here.sum()
        assert table["wrong"].get(value, 0) == (here & (mask != truth)).sum()


def test_cams_are_scored_at_the_truths_size():
    cams = np.zeros((1, 10, 10), np.float32)
    cams[0, :, 5:] = 1
    truth = np.zeros((100, 100), np.uint8)
    truth[:, 50:] = 3
    score = CamThresholds(4)
    score.add(np.array([3]), cams, truth)
    assert score.table()["miou"].max() == 1


@pytest.mark.slow
def test_a_large_image_passes_every_stage_in_bounded_memory(tmp_path):
    """At its full size, the affinities of its CAMs alone would take 53 GB."""
    Image.effect_noise((2600, 2000), 80).convert("RGB").save(tmp_path / "a.jpg")
    script = Path(__file__).parent / "large_image.py"
    command = [sys.executable, str(script), str(tmp_path / "a.jpg"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.splitlines()[-1]) < 2500
    for name in ("pseudo", "cyclic", "weight", "predicted"):
        assert read_mask(tmp_path / f"{name}.png").shape == (2000, 2600)
    for name in ("cams", "responses"):
        ((_, _, maps),) = read_archive(tmp_path / f"{name}.npz", ["a"])
        assert maps.shape[1:] == working_shape(2000, 2600, "auto")
