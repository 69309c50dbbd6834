from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.backbones.inputs import normalised
from urn.classification.dataset import TaggedImages
from urn.classification.inference import multi_scale_cam
from urn.classification.losses import (
    adaptive_min_pooling_loss,
    classification_loss,
    cross_regularisation_loss,
    equivariance_loss,
    foreground_maximum,
    max_normalised,
    seam_losses,
    with_background,
)
from urn.classification.network import SEAM, PixelCorrelationModule
from urn.datasets.shapes import SHAPES_CLASSES
from urn.files.archives import read_archive, write_archive
from urn.files.images import read_image, read_mask
from urn.training.loop import prepare, train

N, C, H, W = 2, 3, 6, 7
TAGS = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def cams(seed: int, height: int = H, width: int = W) -> Tensor:
    """Raw maps, N×(C+1)×height×width, about half of it negative."""
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(N, C + 1, height, width, generator=generator)


def in_unit_range(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(N, C + 1, H, W, generator=generator)


@pytest.fixture(scope="module")
def samples(scenes) -> list[tuple[Path, list[int]]]:
    """Drawn images and the classes in their masks."""
    return [(image, np.setdiff1d(read_mask(mask), [0, 255]).tolist()) for image, mask in scenes]


@pytest.fixture(scope="module")
def model() -> SEAM:
    prepare(0)
    return SEAM("efficientnet_lite0", len(SHAPES_CLASSES), output_stride=16).eval()


def literal_max_normalised(cam: np.ndarray) -> np.ndarray:
    result = np.zeros_like(cam)
    for n, c in np.ndindex(cam.shape[:2]):
        values = np.maximum(cam[n, c], 0)
        result[n, c] = (values - values.min()) / (values.max() - values.min())
    return result


def test_max_normalised():
    cam = cams(0)
    cam[:, 1] += 10  # nothing negative: the minimum counts
    found = max_normalised(cam)
    np.testing.assert_allclose(found, literal_max_normalised(cam.numpy()), atol=1e-4)
    assert (found >= 0).all()
    assert (max_normalised(torch.full((1, 2, 3, 3), -1.0)) == 0).all()
    assert (max_normalised(torch.full((1, 2, 3, 3), 2.0)) == 0).all()


def test_foreground_maximum_keeps_one_class_and_the_background():
    cam = in_unit_range(0)
    found = foreground_maximum(cam).numpy()
    expected = np.zeros_like(found)
    for n, y, x in np.ndindex(N, H, W):
        winner = 1 + cam[n, 1:, y, x].numpy().argmax()
        expected[n, 0, y, x] = cam[n, 0, y, x]
        expected[n, winner, y, x] = cam[n, winner, y, x]
    np.testing.assert_array_equal(found, expected)


def test_background_is_always_present():
    expected = [[1, 1, 0, 1], [1, 0, 1, 0]]
    assert with_background(TAGS)[:, :, 0, 0].tolist() == expected


def test_classification_loss_is_the_multi_label_soft_margin():
    cam, total = cams(1), 0.0
    for n in range(N):
        for c in range(C):
            score = cam[n, c + 1].numpy().mean(dtype=np.float64)
            probability = 1 / (1 + np.exp(-score))
            total -= np.log(probability if TAGS[n, c] else 1 - probability)
    found = classification_loss(cam, TAGS)
    assert found.item() == pytest.approx(total / (N * C), rel=1e-5)


def test_adaptive_min_pooling_is_the_lowest_quarter_of_present_classes():
    pcm_cam, lowest = in_unit_range(2), []
    for n in range(N):
        present = [c + 1 for c in range(C) if TAGS[n, c]]
        strongest = np.max([pcm_cam[n, c].numpy() for c in present], axis=0)
        lowest.extend(sorted(strongest.ravel())[: H * W // 4])
    found = adaptive_min_pooling_loss(pcm_cam, TAGS)
    assert found.item() == pytest.approx(np.mean(lowest), rel=1e-5)


def test_equivariance_is_the_distance_of_foregrounds():
    a, b = in_unit_range(3), in_unit_range(4)
    expected = np.mean([abs(float(a[i] - b[i])) for i in np.ndindex(*a.shape) if i[1] > 0])
    assert equivariance_loss(a, b).item() == pytest.approx(expected, rel=1e-5)


def literal_cross_term(cam: np.ndarray, pcm_cam: np.ndarray) -> float:
    """Mean of the top fifth of the differences of every image."""
    largest = []
    for n in range(len(cam)):
        differences = []
        for y, x in np.ndindex(cam.shape[2:]):
            foreground = cam[n, 1:, y, x]
            kept = np.where(foreground == foreground.max(), foreground, 0)
            target = [1 - foreground.max(), *kept]
            differences.extend(np.abs(target - pcm_cam[n, :, y, x]))
        largest.extend(sorted(differences)[-(len(differences) // 5) :])
    return float(np.mean(largest))


def test_cross_term_is_the_top_fifth():
    cam, pcm_cam = in_unit_range(5), in_unit_range(6)
    found = cross_regularisation_loss(cam, pcm_cam).item()
    assert found == pytest.approx(literal_cross_term(cam.numpy(), pcm_cam.numpy()), rel=1e-5)


def test_cross_term_teaches_the_pcm_cam_only():
    cam, pcm_cam = in_unit_range(5).requires_grad_(), in_unit_range(6).requires_grad_()
    cross_regularisation_loss(cam, pcm_cam).backward()
    assert cam.grad is None
    assert (pcm_cam.grad != 0).any()


def test_seam_losses_join_the_branches():
    """Each branch at a size of its own, compared at the size of the smaller."""
    large = cams(7, 12, 16), cams(8, 24, 32).abs()
    small = cams(9, 4, 5), cams(10, 8, 10).abs()
    size = (8, 10)
    found = {name: value.item() for name, value in seam_losses(large, small, TAGS, size).items()}

    def comparable(cam: Tensor) -> Tensor:
        resized = F.interpolate(
            torch.from_numpy(literal_max_normalised(cam.numpy())), size, mode="bilinear"
        )
        for n, c in np.ndindex(N, C):
            if not TAGS[n, c]:
                resized[n, c + 1] = 0
        return resized

    (cam_l, pcm_l), (cam_s, pcm_s) = (map(comparable, pair) for pair in (large, small))
    expected = {
        "loss_classification": (
            classification_loss(large[0], TAGS) + classification_loss(small[0], TAGS)
        ).item()
        / 2,
        "loss_min_pooling": (
            adaptive_min_pooling_loss(large[1], TAGS) + adaptive_min_pooling_loss(small[1], TAGS)
        ).item()
        / 2,
        "loss_equivariance": (cam_l - cam_s)[:, 1:].abs().mean().item(),
        "loss_cross": literal_cross_term(cam_l.numpy(), pcm_s.numpy())
        + literal_cross_term(cam_s.numpy(), pcm_l.numpy()),
    }
    assert found == pytest.approx(expected, rel=1e-3)


@torch.no_grad()
def test_pixel_correlation_equals_a_literal_loop():
    torch.manual_seed(0)
    height, width = 5, 6
    pcm = PixelCorrelationModule((4, 6))
    images, fine = torch.randn(N, 3, 20, 24), torch.randn(N, 4, height, width)
    coarse, cam = torch.randn(N, 6, 3, 3), torch.rand(N, C + 1, 3, 3)
    found = pcm(cam, images, fine, coarse).numpy()
    assert found.shape == (N, C + 1, height, width)

    def enlarged(maps: Tensor) -> np.ndarray:
        return F.interpolate(maps, (height, width), mode="bilinear").numpy()

    def reduced(maps: np.ndarray, layer: nn.Conv2d) -> np.ndarray:
        return np.einsum("oc,nchw->nohw", layer.weight[:, :, 0, 0].numpy(), maps)

    joined = [
        enlarged(images),
        np.maximum(reduced(fine.numpy(), pcm.reduce_fine), 0),
        enlarged(torch.from_numpy(np.maximum(reduced(coarse.numpy(), pcm.reduce_coarse), 0))),
    ]
    features = reduced(np.concatenate(joined, axis=1), pcm.embed)
    assert features.shape[1] == 192
    source = enlarged(cam)
    for n in range(N):
        for y, x in np.ndindex(height, width):
            here = features[n, :, y, x] / np.linalg.norm(features[n, :, y, x])
            weights, total = 0.0, np.zeros(C + 1)
            for v, u in np.ndindex(height, width):
                there = features[n, :, v, u] / np.linalg.norm(features[n, :, v, u])
                weight = max(float(here @ there), 0)
                weights += weight
                total += weight * source[n, :, v, u]
            np.testing.assert_allclose(found[n, :, y, x], total / weights, atol=1e-4)


def test_cam_that_enters_the_pixel_correlation(model):
    seeds: list[Tensor] = []
    hook = model.pcm.register_forward_pre_hook(lambda _, inputs: seeds.append(inputs[0]))
    tags = torch.zeros(2, len(SHAPES_CLASSES))
    tags[0, [0, 2]] = tags[1, 1] = 1
    images = torch.randn(2, 3, 96, 80, generator=torch.Generator().manual_seed(0))
    cam, refined = model.cams(images, tags)
    hook.remove()
    assert cam.shape == (2, len(SHAPES_CLASSES) + 1, 6, 5)
    assert refined.shape == (2, len(SHAPES_CLASSES) + 1, 12, 10)
    (seed,) = seeds
    assert not seed.requires_grad
    raw = cam.detach().numpy()
    expected = np.zeros_like(raw)
    for n in range(2):
        for c in tags[n].nonzero()[:, 0].tolist():
            positive = np.maximum(raw[n, c + 1], 0)
            expected[n, c + 1] = positive / positive.max()
        for y, x in np.ndindex(raw.shape[2:]):
            foreground = expected[n, 1:, y, x]
            expected[n, 0, y, x] = 1 - foreground.max()
            foreground[foreground < foreground.max()] = 0
    np.testing.assert_allclose(seed.numpy(), expected, atol=1e-4)
    assert ((expected[0, 1] > 0).any(), (expected[0, 3] > 0).any()) == (True, True)


def test_refined_cam_teaches_the_pcm_only(model):
    model.zero_grad()
    _, refined = model.cams(torch.randn(1, 3, 64, 64), torch.ones(1, len(SHAPES_CLASSES)))
    refined[:, 1:].square().sum().backward()
    learning = {name for name, value in model.named_parameters() if value.grad is not None}
    assert learning == {f"pcm.{name}.weight" for name in ("reduce_fine", "reduce_coarse", "embed")}


@pytest.mark.parametrize("pretrained", [True, False])
def test_statistics_of_a_pretrained_backbone_stay(pretrained):
    model = SEAM("efficientnet_lite0", 3, output_stride=16, pretrained=pretrained).eval()
    before = {name: value.clone() for name, value in model.named_buffers() if "running" in name}
    model.train()
    assert model.training
    model.cams(torch.randn(2, 3, 64, 64), torch.ones(2, 3))
    after = dict(model.named_buffers())
    assert {torch.equal(after[name], value) for name, value in before.items()} == {pretrained}


def test_all_classes_may_compete_in_the_cam_that_enters_the_pixel_correlation(model):
    seeds: list[Tensor] = []
    hook = model.pcm.register_forward_pre_hook(lambda _, inputs: seeds.append(inputs[0]))
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    tags = torch.eye(len(SHAPES_CLASSES))[:1]
    model.competing_classes = "all"
    cam, refined = model.cams(images, tags)
    _, same = model.cams(images, 1 - tags)
    model.competing_classes = "tagged"
    hook.remove()
    torch.testing.assert_close(same, refined)
    positive = cam.detach().relu()
    normal = positive / (positive.amax((2, 3), keepdim=True) + 1e-5)
    normal[:, 0] = 1 - normal[:, 1:].amax(1)
    torch.testing.assert_close(seeds[0], foreground_maximum(normal))
    assert (seeds[0][:, 2:] > 0).any()


def test_dropout_before_the_head_drops_whole_channels():
    prepare(0)
    model = SEAM("resnet18", 3, pretrained=False, dropout=0.5).train()
    given: list[Tensor] = []
    model.head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    for mode in (True, False):
        model.train(mode)
        model.cams(torch.randn(2, 3, 64, 64), torch.ones(2, 3))
    dropped, whole = ((maps == 0).flatten(2).all(2).float().mean() for maps in given)
    assert 0.4 < dropped < 0.6 and whole < 0.1


@pytest.mark.parametrize("kind", ["xavier", "published"])
def test_pixel_correlation_is_drawn_as_said(kind):
    prepare(0)
    pcm = SEAM("resnet18", 3, pretrained=False, pcm_initialisation=kind).pcm
    for layer in (pcm.reduce_fine, pcm.reduce_coarse):
        outputs, inputs = layer.weight.shape[:2]
        deviation = {"xavier": (2 / (inputs + outputs)) ** 0.5, "published": (2 / inputs) ** 0.5}
        assert layer.weight.std().item() == pytest.approx(deviation[kind], rel=0.05)
    limit = (6 / (195 + 192)) ** 0.5 * {"xavier": 1, "published": 4}[kind]
    assert pcm.embed.weight.abs().max().item() == pytest.approx(limit, rel=0.01)


def test_training_keeps_what_is_frozen(samples, tmp_path):
    prepare(0)
    model = SEAM(
        "efficientnet_lite0", len(SHAPES_CLASSES), 16, frozen_affine=True, frozen_first_stage=True
    )
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    train(
        model,
        TaggedImages(samples, len(SHAPES_CLASSES), crop=96, long_side=(96, 112)),
        iterations=1,
        batch_size=4,
        learning_rate=0.01,
        momentum=0.0005,
        parameter_groups=model.parameter_groups(0.01, 5e-4),
        seed=0,
        threads=1,
        work_dir=tmp_path / "work",
        curve=tmp_path / "curve.tsv",
    )
    after = model.backbone.state_dict()
    learned = {name for name, value in before.items() if not torch.equal(after[name], value)}
    convolutions = {
        f"{name}.weight" for name, m in model.backbone.named_modules() if isinstance(m, nn.Conv2d)
    }
    first = ("network.conv_stem.", "network.blocks.0.", "network.blocks.1.")
    assert learned == {name for name in convolutions if not name.startswith(first)}


def test_parameter_groups(model):
    settings = {}
    for group in model.parameter_groups(0.02, 5e-4):
        for parameter in group["params"]:
            assert id(parameter) not in settings
            settings[id(parameter)] = (group["lr"], group["weight_decay"])
    seen = set()
    for name, parameter in model.named_parameters():
        new = name.startswith(("head.", "pcm."))
        bias = name.endswith("bias")
        assert settings.pop(id(parameter)) == pytest.approx(
            (0.02 * (10 if new else 1) * (2 if bias else 1), 0 if bias else 5e-4)
        )
        seen.add((new, bias))
    assert not settings
    assert seen == {(True, False), (False, False), (False, True)}  # new layers have no bias
    first = model.parameter_groups(0.02, 5e-4)[0]
    assert first["lr"] == 0.02  # the one that a training's curve shows


def test_normalised():
    image = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10)
    expected = (np.asarray(image) - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    np.testing.assert_allclose(normalised(image).permute(1, 2, 0), expected, atol=1e-5)


def test_tagged_images_are_resized_and_padded_with_the_mean(tmp_path):
    Image.new("RGB", (60, 40), (250, 10, 10)).save(tmp_path / "a.png")
    dataset = TaggedImages([(tmp_path / "a.png", [1, 3])], 4, crop=64, long_side=(45, 48))
    widths = set()
    for seed in range(20):
        torch.manual_seed(seed)
        sample = dataset[0]
        assert sample["tags"].tolist() == [1, 0, 1, 0]
        assert sample["inputs"].shape == (3, 64, 64)
        drawn = (sample["inputs"] != 0).any(0)
        height, width = int(drawn.any(1).sum()), int(drawn.any(0).sum())
        assert drawn[:height, :width].all()
        assert drawn.sum() == height * width
        assert height == round(width * 40 / 60)
        widths.add(width)
    assert widths == {45, 46, 47, 48}
    assert len(dataset) == 1


def test_tagged_images_are_cropped_flipped_and_jittered(tmp_path):
    """Red grows to the right, green to the bottom: where a crop is from is seen in its colours."""
    rows, columns = np.mgrid[:100, :100]
    pixels = np.stack([55 + 2 * columns, 55 + 2 * rows, np.full_like(rows, 50)], axis=2)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "a.png")
    dataset = TaggedImages([(tmp_path / "a.png", [2])], 2, crop=32, long_side=(100, 100))
    flips, blues, tops = 0, [], set()
    for seed in range(40):
        torch.manual_seed(seed)
        sample = dataset[0]
        assert sample["inputs"].shape == (3, 32, 32)
        colours = sample["inputs"] * torch.tensor(IMAGENET_STD).view(3, 1, 1)
        colours += torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
        red = colours[0].mean(0)
        flips += bool(red[-1] < red[0])
        blues.append(colours[2].mean().item())
        tops.add(round(colours[1, 0].mean().item() / 10))
    assert 8 < flips < 32
    assert np.std(blues) > 3
    assert len(tops) > 5


def test_multi_scale_cam(model, samples):
    image = read_image(samples[0][0])[:121, :150]
    labels = [1, 3, 4]
    found = multi_scale_cam(model, image, labels, (0.5, 1.0))
    assert found.shape == (3, 121, 150)
    assert found.dtype == np.float32
    assert found.min(axis=(1, 2)) == pytest.approx([0, 0, 0], abs=1e-6)
    assert found.max(axis=(1, 2)) == pytest.approx([1, 1, 1], abs=1e-3)

    total = 0.0
    for scale in (0.5, 1.0):
        for mirrored in (False, True):
            picture = Image.fromarray(image[:, ::-1] if mirrored else image)
            size = (round(150 * scale), round(121 * scale))
            values = normalised(picture.resize(size, Image.Resampling.BICUBIC))[None]
            tags = torch.eye(len(SHAPES_CLASSES))[[0, 2, 3]].sum(0, keepdim=True)
            with torch.no_grad():
                cam = model.cams(values, tags)[1][:, labels]
            cam = F.interpolate(cam, (121, 150), mode="bilinear")[0].numpy()
            total = total + (cam[:, :, ::-1] if mirrored else cam)
    total = np.maximum(total, 0)
    low, high = total.min(axis=(1, 2), keepdims=True), total.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (total - low) / (high - low + 1e-5), atol=1e-3)


def test_cams_of_a_large_image_are_those_of_the_shrunk_one(model, samples):
    large = Image.fromarray(read_image(samples[0][0])).resize((1200, 900))
    small = large.resize((160, 120), Image.Resampling.BICUBIC)
    found = multi_scale_cam(model, np.asarray(large), [1, 3], [1.0], cam_size=160)
    of_small = torch.tensor(multi_scale_cam(model, np.asarray(small), [1, 3], [1.0]))
    enlarged = F.interpolate(of_small[None], (900, 1200), mode="bilinear")[0].numpy()
    assert np.abs(found - enlarged).mean() < 0.02


@pytest.mark.parametrize("window", [None, 96])
def test_scales_are_relative_to_the_size_of_cams(model, samples, window):
    image = read_image(samples[0][0])[:120, :150]
    found = multi_scale_cam(model, image, [1, 3], [0.5, 1.0], window, 64, cam_size=300)
    own = multi_scale_cam(model, image, [1, 3], [1.0, 2.0], window, 64)
    np.testing.assert_array_equal(found, own)


def test_an_image_without_classes_has_no_cam(model, samples, tmp_path):
    image = read_image(samples[0][0])
    found = multi_scale_cam(model, image, [], [1.0])
    assert found.shape == (0, *image.shape[:2])
    write_archive(tmp_path / "cams.npz", [("a", np.array([]), found)])
    ((_, labels, maps),) = read_archive(tmp_path / "cams.npz", ["a"])
    assert len(labels) == 0 and maps.shape == found.shape


def test_mirrored_image_has_the_mirrored_cam(model, samples):
    image = read_image(samples[1][0])[:120, :150]
    cam = multi_scale_cam(model, image, [2, 4], [1.0])
    mirrored = multi_scale_cam(model, np.ascontiguousarray(image[:, ::-1]), [2, 4], [1.0])
    np.testing.assert_allclose(mirrored[:, :, ::-1], cam, atol=1e-3)
    assert np.abs(cam[:, :, ::-1] - cam).max() > 0.1


def test_forward_gives_the_losses_of_both_branches(model):
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.randn(3, 80, 80, generator=generator) for _ in range(2)]
    tags = [torch.tensor([1.0, 0, 1, 0] + [0] * (len(SHAPES_CLASSES) - 4)) for _ in range(2)]
    images, present = torch.stack(inputs), torch.stack(tags)
    with torch.no_grad():
        found = model(inputs, tags, mode="loss")
        small = F.interpolate(images, (24, 24), mode="bilinear")
        branches = model.cams(images, present), model.cams(small, present)
        expected = seam_losses(*branches, present, (24, 24))
        for one, other in zip(model(inputs, tags), branches[0], strict=True):
            torch.testing.assert_close(one, other)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_training_lowers_the_loss(samples, tmp_path):
    prepare(0)
    model = SEAM("efficientnet_lite0", len(SHAPES_CLASSES), output_stride=16)
    train(
        model,
        TaggedImages(samples, len(SHAPES_CLASSES), crop=96, long_side=(96, 112)),
        iterations=60,
        batch_size=4,
        learning_rate=0.01,
        parameter_groups=model.parameter_groups(0.01, 5e-4),
        seed=0,
        threads=1,
        work_dir=tmp_path / "work",
        curve=tmp_path / "curve.tsv",
        curve_interval=3,
    )
    curve = pd.read_csv(tmp_path / "curve.tsv", sep="\t")
    parts = [name for name in curve if name.startswith("loss_")]
    assert len(parts) == 4
    assert curve[parts].sum(axis=1).tolist() == pytest.approx(curve["loss"].tolist(), rel=1e-4)
    for name in ("loss", "loss_classification"):
        assert curve[name].iloc[-5:].mean() < 0.8 * curve[name].iloc[0]
    assert curve["learning_rate"].iloc[0] < 0.01  # the backbone's, not the new layers'
