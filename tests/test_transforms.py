from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from PIL import Image

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.errors import UserError
from urn.files.images import write_grey, write_mask
from urn.mmsegmentation import RandomCrop
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.transforms import (
    BalancedCrop,
    LoadSample,
    SegmentationPreprocessor,
    training_pipeline,
)

HEIGHT, WIDTH, CROP = 150, 200, 128
MAXIMUM = 200  # of the coordinates, used as class ids

# The weight of a row: no value occurs twice, none is 0, neighbours are far apart.
WEIGHT_OF_ROW = (np.arange(HEIGHT) * 97 % 251 + 1).astype(np.uint8)
ROW_OF_WEIGHT = {int(weight): row for row, weight in enumerate(WEIGHT_OF_ROW)}


@pytest.fixture
def sample(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Every file tells where a pixel was: red and mask the column, green and weight the row."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.uint8)
    image = np.stack([columns, rows, np.full_like(rows, 128)], axis=2)
    paths = tmp_path / "image.png", tmp_path / "mask.png", tmp_path / "weight.png"
    Image.fromarray(image).save(paths[0])
    write_mask(paths[1], columns)
    write_grey(paths[2], WEIGHT_OF_ROW[rows])
    return paths


def draw(dataset: SegmentationDataset, seed: int) -> tuple[torch.Tensor, list]:
    """One augmented, normalised and padded training batch of one sample."""
    np.random.seed(seed)
    preprocessor = SegmentationPreprocessor(mean=IMAGENET_MEAN, std=IMAGENET_STD, size=(CROP, CROP))
    batch = preprocessor(pseudo_collate([dataset[0]]), training=True)
    return batch["inputs"], batch["data_samples"]


def pipeline(distort: bool) -> list:
    steps = training_pipeline(CROP, scale=(240, 180), ratio_range=(0.4, 1.6))
    return [step for step in steps if distort or "Photo" not in type(step).__name__]


def test_image_mask_and_weight_stay_aligned_and_unblended(sample):
    dataset = SegmentationDataset([sample], MAXIMUM, pipeline(distort=False))
    flipped = padded = cropped = 0
    for seed in range(60):
        inputs, (packed,) = draw(dataset, seed)
        mask = packed.gt_sem_seg.data[0].numpy()
        weight = packed.gt_weight.data[0].numpy()
        assert inputs.shape == (1, 3, CROP, CROP)
        assert mask.shape == weight.shape == (CROP, CROP)

        inside = mask != 255
        height, width = inside.any(1).sum(), inside.any(0).sum()
        assert inside[:height, :width].all()
        assert not inside[height:].any()
        assert not inside[:, width:].any()
        assert (weight[~inside] == 0).all()
        assert (inputs[0].numpy()[:, ~inside] == 0).all()

        stored = np.round(weight[inside] * 255).astype(int)
        np.testing.assert_allclose(weight[inside], stored / 255, atol=1e-7)
        assert set(stored) <= set(ROW_OF_WEIGHT)  # never interpolated, never blended
        rows = np.array([ROW_OF_WEIGHT[value] for value in stored]).reshape(height, width)
        columns = mask[inside].reshape(height, width)
        assert (rows == rows[:, :1]).all()
        assert (columns == columns[:1]).all()
        steps = np.diff(columns[0])
        flipped += bool((steps < 0).any())
        assert (steps <= 0).all() or (steps >= 0).all()
        assert (np.diff(rows[:, 0]) >= 0).all()

        colours = inputs[0].numpy() * np.reshape(IMAGENET_STD, (3, 1, 1))
        colours = (colours + np.reshape(IMAGENET_MEAN, (3, 1, 1)))[:, :height, :width]
        pixel = 1 / packed.scale_factor[0] + 1.01  # nearest and linear agree within a step
        assert np.abs(colours[0] - columns).max() <= pixel
        assert np.abs(colours[1] - rows).max() <= pixel
        padded += not inside.all()
        cropped += columns.max() - columns.min() < WIDTH - 5
    assert min(flipped, padded, cropped) > 5  # all of it happened, and
    assert flipped < 55  # not always


def test_colour_distortion_leaves_mask_and_weight_alone(sample):
    plain = SegmentationDataset([sample], MAXIMUM, pipeline(distort=False))
    distorted = SegmentationDataset([sample], MAXIMUM, pipeline(distort=True))
    changed = 0
    for seed in range(10):
        before, (expected,) = draw(plain, seed)
        after, (packed,) = draw(distorted, seed)
        assert torch.equal(packed.gt_sem_seg.data, expected.gt_sem_seg.data)
        assert torch.equal(packed.gt_weight.data, expected.gt_weight.data)
        changed += not torch.equal(before, after)
    assert changed > 5


def test_crop_holds_more_than_one_class_where_it_can(tmp_path, sample):
    """The class of most pixels is cropped away from, and weights have no say in it."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, :100] = 1
    write_mask(tmp_path / "halves.png", mask)
    dataset = SegmentationDataset(
        [(sample[0], tmp_path / "halves.png", sample[2])],
        2,
        training_pipeline(64, scale=(WIDTH, HEIGHT), ratio_range=(1.0, 1.0)),
    )
    shares = []
    for seed in range(30):
        np.random.seed(seed)
        target = dataset[0]["data_samples"].gt_sem_seg.data.numpy()
        shares.append(max((target == 0).mean(), (target == 1).mean()))
    assert np.mean(np.array(shares) < 0.75) > 0.9


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.75])
@pytest.mark.parametrize("size", [(40, 60), (90, 20), (10, 10)])
def test_crops_are_those_of_mmseg(size, ratio):
    rng = np.random.default_rng(0)
    mask = rng.choice([0, 1, 2, 255], (6, 6), p=[0.6, 0.2, 0.1, 0.1]).repeat(15, 0).repeat(15, 1)
    results = {"img": np.zeros((*mask.shape, 3), np.uint8), "gt_seg_map": mask.astype(np.uint8)}
    results |= {"seg_fields": ["gt_seg_map"]}
    for seed in range(30):
        boxes, after = [], []
        for crop in (BalancedCrop(size, ratio), RandomCrop(size, ratio)):
            np.random.seed(seed)
            boxes.append(crop.crop_bbox(results))
            after.append(np.random.random())  # as many numbers were drawn
        assert boxes[0] == boxes[1]
        assert after[0] == after[1]


def test_without_weight_masks_there_is_no_weight(sample):
    image, mask, _ = sample
    dataset = SegmentationDataset([(image, mask, None)], MAXIMUM, pipeline(distort=True))
    _, (packed,) = draw(dataset, 0)
    assert "gt_weight" not in packed
    assert packed.gt_sem_seg.data.shape == (1, CROP, CROP)


def test_a_correction_is_learnt_from_with_full_weight(sample, tmp_path):
    drawn = np.full((HEIGHT, WIDTH), 255, np.uint8)
    drawn[:, :50] = 7
    write_mask(tmp_path / "drawn.png", drawn)
    pair = [
        SegmentationDataset([(*sample, file)], MAXIMUM, [LoadSample()])[0]
        for file in (None, tmp_path / "drawn.png")
    ]
    before, after = ([loaded[name] for name in loaded["seg_fields"]] for loaded in pair)
    for made, laid, value in zip(before, after, (7, 255), strict=True):
        assert (laid[:, :50] == value).all() and (made[:, :50] != value).any()
        np.testing.assert_array_equal(laid[:, 50:], made[:, 50:])


def test_mask_of_another_size_is_named(tmp_path, sample):
    write_mask(tmp_path / "small.png", np.zeros((10, 20), np.uint8))
    dataset = SegmentationDataset(
        [(sample[0], tmp_path / "small.png", None)], 2, pipeline(distort=True)
    )
    with pytest.raises(UserError, match=r"small\.png is 20×10 .* 200×150"):
        dataset[0]


def test_mask_with_an_id_that_is_no_class_is_named(sample):
    dataset = SegmentationDataset([sample], 21, pipeline(distort=True))
    with pytest.raises(UserError, match=r"mask\.png holds id 199 .* 21 classes"):
        dataset[0]
