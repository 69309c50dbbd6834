"""AffinityNet and its random walk, against literal loops."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from urn.affinity.dataset import LabelledImages, cell_labels
from urn.affinity.losses import EPSILON, affinity_losses
from urn.affinity.network import AffinityNet
from urn.affinity.pairs import offsets, paired
from urn.affinity.random_walk import random_walk, transition_matrix
from urn.affinity.refinement import affinity_refine
from urn.crf import CAM_CRF
from urn.files.images import read_image, read_mask, write_mask
from urn.files.models import save_model
from urn.refinement import agreed_mask
from urn.registry import REFINERS
from urn.training.loop import prepare, train

D, H, W = 6, 7, 5


def near_pairs(height, width, radius):
    """Every unordered pair of pixels (y, x, v, u) nearer than `radius`."""
    return {
        (y, x, v, u)
        for y, x in np.ndindex(height, width)
        for v, u in np.ndindex(height, width)
        if (y, x) < (v, u) and np.hypot(v - y, u - x) < radius
    }


@pytest.mark.parametrize("size", [(7, 5), (2, 9), (1, 1)])
@pytest.mark.parametrize("radius", [2, 5])
def test_every_near_pair_comes_once(size, radius):
    places = torch.stack(torch.meshgrid(*map(torch.arange, size), indexing="ij"))
    found = []
    for offset in offsets(radius):
        one, other = paired(places, offset)
        found += torch.cat([one.flatten(1), other.flatten(1)]).T.tolist()
    assert len(found) == len(set(map(tuple, found)))
    assert set(map(tuple, found)) == near_pairs(*size, radius)


def test_radius_five_has_thirty_four_offsets():
    assert len(offsets(5)) == 34


def features_and_labels():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, D, H, W, generator=generator)
    choices = torch.tensor([0, 1, 7, 255])
    return features, choices[torch.randint(0, 4, (2, H, W), generator=generator)]


def test_losses_are_means_over_their_own_pairs():
    features, labels = features_and_labels()
    terms = {"loss_foreground": [], "loss_background": [], "loss_different": []}
    for n in range(2):
        for y, x, v, u in near_pairs(H, W, 4):
            one, other = int(labels[n, y, x]), int(labels[n, v, u])
            if 255 in (one, other):
                continue
            w = np.exp(-np.abs(features[n, :, y, x] - features[n, :, v, u]).mean())
            if one != other:
                terms["loss_different"].append(-np.log(1 - w + EPSILON) / 2)
            else:
                terms["loss_foreground" if one else "loss_background"].append(-np.log(w) / 4)
    found = affinity_losses(features, labels, radius=4)
    expected = {name: float(np.mean(values)) for name, values in terms.items()}
    assert {name: value.item() for name, value in found.items()} == pytest.approx(
        expected, rel=1e-4
    )


def test_losses_without_pairs_are_zero():
    features, labels = features_and_labels()
    found = affinity_losses(features, torch.full_like(labels, 255), radius=4)
    assert {value.item() for value in found.values()} == {0}


def test_random_walk_equals_powers_of_the_dense_matrix():
    features, _ = features_and_labels()
    beta, radius, log_t = 3, 4, 5
    affinity = np.eye(H * W)
    for y, x, v, u in near_pairs(H, W, radius):
        distance = np.abs(features[0, :, y, x] - features[0, :, v, u]).mean()
        affinity[y * W + x, v * W + u] = affinity[v * W + u, y * W + x] = np.exp(-distance) ** beta
    dense = affinity / affinity.sum(1, keepdims=True)
    matrix = transition_matrix(features[0], radius, beta)
    np.testing.assert_allclose(matrix.to_dense(), dense, atol=1e-6)
    for _ in range(log_t):
        dense = dense @ dense
    maps = torch.rand(3, H, W, generator=torch.Generator().manual_seed(1))
    expected = (dense @ maps.flatten(1).numpy().T).T.reshape(3, H, W)
    assert np.abs(expected - maps.numpy()).max() > 0.1
    np.testing.assert_allclose(random_walk(maps, matrix, 2**log_t), expected, atol=1e-5)


def test_cell_labels_are_the_commonest_of_each_cell():
    rng = np.random.default_rng(0)
    mask = rng.choice(np.array([0, 3, 255], np.uint8), (24, 16), p=[0.35, 0.35, 0.3])
    mask[:8, :8] = 9
    expected = np.zeros((3, 2), np.int64)
    for y, x in np.ndindex(3, 2):
        cell = mask[8 * y : 8 * y + 8, 8 * x : 8 * x + 8]
        expected[y, x] = np.bincount(cell.ravel()).argmax()
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(cell_labels(torch.from_numpy(mask)), expected)


def blobs(size=48):
    """CAMs on two coloured discs and, where the CRF has no edge to hold on to, on plain ground."""
    row, column = np.mgrid[:size, :size]
    ground = [60, 110, 70]
    picture = np.full((size, size, 3), ground, np.uint8)
    cams = {}
    for label, y, x, colour in (
        (3, 12, 12, [190, 80, 60]),
        (8, 34, 34, [80, 70, 180]),
        (9, 12, 36, ground),
    ):
        distance = (row - y) ** 2 + (column - x) ** 2
        picture[distance < 80] = colour
        cams[label] = np.exp(-distance / 40).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 6, picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8), cams


def test_labels_are_what_both_crfs_say(published):
    image, cams = blobs()
    ids, maps = [0, *cams], np.stack(list(cams.values()))
    masks = []
    for alpha in (4, 24):
        fields = np.concatenate([(1 - maps.max(0, keepdims=True)) ** alpha, maps])
        masks.append(np.array(ids)[published.crf(image, fields, CAM_CRF).argmax(0)])
    expected = np.where(masks[0] == masks[1], masks[0], 255)
    assert {0, 3, 8, 255} <= set(np.unique(expected))
    np.testing.assert_array_equal(agreed_mask(image, cams), expected)
    assert not agreed_mask(image, {}).any()


def test_labels_follow_their_image_through_the_augmentation(tmp_path):
    """The labels are the picture's own grey values: wherever a crop is from, the two must agree."""
    cells = np.random.default_rng(0).permutation(np.arange(10, 202, 2))[:96].reshape(8, 12)
    mask = cells.astype(np.uint8).repeat(16, 0).repeat(16, 1)
    Image.fromarray(mask).convert("RGB").save(tmp_path / "image.png")
    write_mask(tmp_path / "mask.png", mask)
    dataset = LabelledImages(
        [(tmp_path / "image.png", tmp_path / "mask.png")], crop=96, long_side=(180, 204)
    )
    dataset.augmentation.jitter = lambda image: image
    for seed in range(6):
        torch.manual_seed(seed)
        sample = dataset[0]
        labels = sample["labels"]
        assert sample["inputs"].shape == (3, 96, 96) and labels.shape == (12, 12)
        grey = torch.nn.functional.avg_pool2d(sample["inputs"][:1], 8)[0] * 58.395 + 123.675
        assert ((grey - labels).abs() < 3).float().mean() > 0.3
    dataset = LabelledImages(dataset.samples, crop=256, long_side=(200, 200))
    labels = dataset[0]["labels"]
    assert (labels[20:] == 255).all() and (labels[:16, :25] != 255).all()  # 133 rows, 200 columns


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory):
    """A network that learned a little from the masks themselves, and its curve."""
    folder = tmp_path_factory.mktemp("affinity")
    prepare(0)
    network = AffinityNet("efficientnet_lite0", output_stride=16)
    train(
        network,
        LabelledImages(scenes, crop=96, long_side=(96, 112)),
        iterations=12,
        batch_size=4,
        learning_rate=0.01,
        parameter_groups=network.parameter_groups(0.01, 5e-4),
        seed=0,
        threads=1,
        work_dir=folder / "work",
        curve=folder / "curve.tsv",
        curve_interval=3,
    )
    return network.eval(), pd.read_csv(folder / "curve.tsv", sep="\t")


def test_training_lowers_the_loss(trained):
    _, curve = trained
    assert curve["loss"].iloc[-1] < 0.8 * curve["loss"].iloc[0]
    assert (curve[["loss_foreground", "loss_background", "loss_different"]] > 0).all(axis=None)


@torch.no_grad()
def test_refined_mask_is_the_walk_of_the_cams(trained, scenes, tmp_path):
    network, _ = trained
    image, truth = read_image(scenes[0][0])[:75, :90], read_mask(scenes[0][1])[:75, :90]
    rng = np.random.default_rng(0)
    noise = rng.random((2, 75, 90), dtype=np.float32) * np.float32(0.6)
    cams = {2: noise[0], 5: np.where(truth > 0, 1 - noise[1], noise[1])}
    meta = {"build": {"backbone": "efficientnet_lite0", "output_stride": 16, "radius": 3}}
    save_model(network, tmp_path / "network.pth", meta)
    refine = REFINERS["affinity"].load(tmp_path / "network.pth")
    found = refine(image, cams, alpha=2, beta=6, log_t=3)

    pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
    mean, std = torch.tensor([[123.675, 116.28, 103.53], [58.395, 57.12, 57.375]])[..., None, None]
    features = network.features((pixels - mean) / std)[0]
    assert features.shape == (448, 10, 12)
    maps = torch.from_numpy(np.stack([cams[2], cams[5]]))
    maps = torch.cat([(1 - maps.amax(0, keepdim=True)) ** 2, maps])
    maps = torch.nn.functional.adaptive_avg_pool2d(maps, (10, 12)).flatten(1)
    matrix = transition_matrix(features, 3, 6).to_dense()
    for _ in range(8):
        maps = maps @ matrix.T
    maps = torch.nn.functional.interpolate(
        maps.view(1, 3, 10, 12).float(), (75, 90), mode="bilinear"
    )
    expected = np.array([0, 2, 5])[maps[0].argmax(0)]
    assert found.dtype == np.uint8 and len(np.unique(found)) > 1
    assert (found == expected).mean() > 0.999
    assert not affinity_refine(image, {}, network).any()
