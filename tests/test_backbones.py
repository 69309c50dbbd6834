"""The paper's backbones against their published checkpoints and a literal reading of the papers.

The references compute with the tensors of a checkpoint by name, without any module. Networks of
which only shapes matter are built on the "meta" device.
"""

import json
import math

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import resnet101

from urn.backbones import (
    BACKBONES,
    IMAGENET_MEAN,
    IMAGENET_STD,
    build_backbone,
    load_published_state_dict,
)
from urn.backbones.scalenet import ALLOCATION, SIDES, ScaleBlock
from urn.classification.network import SEAM
from urn.errors import UserError
from urn.segmentation.model import build_segmentor

CHANNELS = {
    "resnet38": (256, 512, 1024, 4096),
    "resnet101": (256, 512, 1024, 2048),
    "scalenet101": (256, 512, 1024, 2048),
    "res2net101": (256, 512, 1024, 2048),
}
PARAMETERS = {
    "resnet38": 105_070_912,
    "resnet101": 42_500_160,
    "scalenet101": 52_743_390,
    "res2net101": 43_176_920,
}
BLOCKS = (3, 4, 23, 3)

pytestmark = pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter:UserWarning")


def on_meta(name: str, output_stride: int = 8):
    with torch.device("meta"):
        return build_backbone(name, output_stride, pretrained=False)


@pytest.fixture(scope="module", params=CHANNELS)
def built(request):
    """A backbone of output stride 8 that holds a random checkpoint, and this checkpoint."""
    backbone = build_backbone(request.param, pretrained=False).eval()
    state = random_state(backbone.network)
    load_published_state_dict(backbone, state)
    return request.param, backbone, state


def random_state(network: nn.Module) -> dict[str, torch.Tensor]:
    """Numbers for every tensor, such that maps keep their order of magnitude."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in network.state_dict().items():
        if "num_batches_tracked" in name:
            continue
        if value.ndim == 4:
            drawn = torch.randn(value.shape, generator=generator)
            state[name] = drawn / math.sqrt(value[0].numel())
        else:
            drawn = torch.rand(value.shape, generator=generator)
            state[name] = drawn - 0.5 if name.endswith(("bias", "mean")) else drawn + 0.5
    return state


# Published checkpoints


def shapes(network: nn.Module) -> dict[str, list[int]]:
    return {name: list(value.shape) for name, value in network.state_dict().items()}


@pytest.mark.parametrize("name", ["resnet38", "scalenet101", "res2net101"])
def test_tensors_are_those_of_the_published_checkpoint(facts, name):
    manifest = json.loads((facts / "checkpoint_manifests.json").read_text())[name]
    assert shapes(on_meta(name).network) == manifest


def test_resnet101_has_torchvisions_tensors():
    with torch.device("meta"):
        published = shapes(resnet101())
    del published["fc.weight"], published["fc.bias"]
    assert shapes(on_meta("resnet101").network) == published


def test_scalenets_allocation_is_the_published_one(facts):
    published = json.loads((facts / "scalenet101.json").read_text())
    stages = zip(ALLOCATION, SIDES, strict=True)
    assert [[*row, side] for rows, side in stages for row in rows] == published


@pytest.mark.parametrize("name", CHANNELS)
def test_number_of_parameters(name):
    backbone = on_meta(name)
    assert sum(value.numel() for value in backbone.parameters()) == PARAMETERS[name]


def test_checkpoint_is_loaded_without_its_head(built):
    _, backbone, state = built
    for value in backbone.parameters():
        nn.init.zeros_(value)
    backbone.pretrained = False
    extra = {"fc.weight": torch.zeros(1000, 8), "bn.num_batches_tracked": torch.tensor(7)}
    load_published_state_dict(backbone, {**state, **extra})
    loaded = backbone.network.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())
    assert backbone.pretrained


@pytest.mark.parametrize("name", CHANNELS)
def test_checkpoint_must_fit(name):
    backbone = on_meta(name)
    state = dict(backbone.network.state_dict())
    first, *_, last = [key for key in state if "num_batches_tracked" not in key]
    for key in (first, last):
        with pytest.raises(RuntimeError, match=f'Missing key.*"{key}"'):
            load_published_state_dict(backbone, {k: v for k, v in state.items() if k != key})
    with pytest.raises(RuntimeError, match=r'Unexpected key.*"layer9\.weight"'):
        load_published_state_dict(backbone, {**state, "layer9.weight": state[last]})
    with pytest.raises(RuntimeError, match=f"size mismatch for {first}"):
        load_published_state_dict(backbone, {**state, first: state[last]})
    assert not backbone.pretrained


# Sizes


@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("name", CHANNELS)
def test_stage_maps(name, output_stride):
    backbone = on_meta(name, output_stride)
    assert backbone.channels == CHANNELS[name]
    maps = backbone(torch.empty(2, 3, 65, 97, device="meta"))
    strides = [min(stride, output_stride) for stride in (4, 8, 16, 32)]
    # ScaleNet's max pooling without padding drops what is left over, after the stem has rounded up.
    sides = {
        True: {4: (17, 25), 8: (8, 12), 16: (4, 6), 32: (2, 3)},
        False: {4: (17, 25), 8: (9, 13), 16: (5, 7), 32: (3, 4)},
    }[name == "scalenet101"]
    assert [tuple(stage.shape) for stage in maps] == [
        (2, channels, *sides[stride])
        for channels, stride in zip(CHANNELS[name], strides, strict=True)
    ]


def dilations(module: nn.Module) -> list[int]:
    return [
        conv.dilation[0]
        for conv in module.modules()
        if isinstance(conv, nn.Conv2d) and conv.kernel_size == (3, 3)
    ]


@pytest.mark.parametrize(("output_stride", "first", "second"), [(8, 2, 4), (16, 1, 2), (32, 1, 1)])
@pytest.mark.parametrize("name", CHANNELS)
def test_dilations(name, output_stride, first, second):
    network = on_meta(name, output_stride).network
    if name == "resnet38":
        undilated = [block for block in network.children() if block not in (network.b5, network.b6)]
        assert dilations(network.b5) == [1, first]
        assert dilations(network.b5_1) == dilations(network.b5_2) == [first, first]
        assert dilations(network.b6) == dilations(network.b7) == [second]
        assert {d for block in undilated[:13] for d in dilations(block)} == {1}
        return
    for stage, dilation in ((1, 1), (2, 1), (3, first), (4, second)):
        head, *rest = network.get_submodule(f"layer{stage}")
        assert {d for block in rest for d in dilations(block)} == {dilation}
        half = name == "resnet101" and dilation > 1
        assert set(dilations(head)) == {dilation // 2 if half else dilation}


@pytest.mark.parametrize("name", [*CHANNELS, "efficientnet_lite0", "timm:resnet18"])
def test_classifiers_have_the_strides_without_the_dilation(name):
    images = torch.empty(2, 3, 65, 97, device="meta")
    with torch.device("meta"):
        classifier = build_backbone(name, pretrained=False, dilations="classifier").eval()
        segmenter = build_backbone(name, pretrained=False).eval()
    assert [m.shape for m in classifier(images)] == [m.shape for m in segmenter(images)]
    dilated = {
        name: conv.dilation[0]
        for name, conv in classifier.network.named_modules()
        if isinstance(conv, nn.Conv2d) and conv.dilation != (1, 1)
    }
    convs = {"b5.conv_branch2b1": 2} | {
        f"b5_{i}.conv_branch2{x}": 2 for i in (1, 2) for x in ("a", "b1")
    }
    convs |= {"b6.conv_branch2b1": 4, "b7.conv_branch2b1": 2}
    assert dilated == (convs if name == "resnet38" else {})


# Forward passes


class Reference:
    """Convolutions and batch normalisation with the tensors of a checkpoint."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        self.state = state

    def conv(self, name, x, stride=1, dilation=1):
        weight = self.state[f"{name}.weight"]
        padding = dilation * (weight.shape[2] - 1) // 2
        return F.conv2d(x, weight, None, stride, padding, dilation)

    def norm(self, name, x):
        statistics = [self.state[f"{name}.running_{what}"] for what in ("mean", "var")]
        affine = [self.state[f"{name}.{what}"] for what in ("weight", "bias")]
        return F.batch_norm(x, *statistics, *affine, training=False, eps=1e-5)

    def norm_relu(self, name, x):
        return self.norm(name, x).relu()

    def stages(self, x, block):
        """Four stages of `block(name, x, first, stride, dilation)` at output stride 8."""
        maps = []
        for stage, (count, stride, dilation) in enumerate(
            zip(BLOCKS, (1, 2, 1, 1), (1, 1, 2, 4), strict=True), start=1
        ):
            for position in range(count):
                first = position == 0
                name = f"layer{stage}.{position}"
                x = block(name, x, first, stride if first else 1, dilation)
            maps.append(x)
        return maps

    def resnet101(self, images):
        def block(name, x, first, stride, dilation):
            dilation = max(dilation // 2, 1) if first else dilation
            y = self.norm_relu(f"{name}.bn1", self.conv(f"{name}.conv1", x))
            y = self.norm_relu(f"{name}.bn2", self.conv(f"{name}.conv2", y, stride, dilation))
            y = self.norm(f"{name}.bn3", self.conv(f"{name}.conv3", y))
            if first:
                shortcut = self.conv(f"{name}.downsample.0", x, stride)
                x = self.norm(f"{name}.downsample.1", shortcut)
            return (x + y).relu()

        x = self.norm_relu("bn1", self.conv("conv1", images, stride=2))
        return self.stages(F.max_pool2d(x, 3, 2, 1), block)

    def res2net101(self, images):
        def block(name, x, first, stride, dilation):
            y = self.norm_relu(f"{name}.bn1", self.conv(f"{name}.conv1", x))
            groups = y.chunk(4, dim=1)
            answers = []
            for i in range(3):
                given = groups[i] if first or i == 0 else groups[i] + answers[i - 1]
                answer = self.conv(f"{name}.convs.{i}", given, stride, dilation)
                answers.append(self.norm_relu(f"{name}.bns.{i}", answer))
            last = F.avg_pool2d(groups[3], 3, stride, padding=1) if first else groups[3]
            y = torch.cat([*answers, last], dim=1)
            y = self.norm(f"{name}.bn3", self.conv(f"{name}.conv3", y))
            if first:
                shortcut = F.avg_pool2d(x, stride, stride, ceil_mode=True, count_include_pad=False)
                shortcut = self.conv(f"{name}.downsample.1", shortcut)
                x = self.norm(f"{name}.downsample.2", shortcut)
            return (x + y).relu()

        x = self.norm_relu("conv1.1", self.conv("conv1.0", images, stride=2))
        x = self.norm_relu("conv1.4", self.conv("conv1.3", x))
        x = self.norm_relu("bn1", self.conv("conv1.6", x))
        return self.stages(F.max_pool2d(x, 3, 2, 1), block)

    def scale_block(self, name, x, first, stride, dilation):
        if stride > 1:
            x = F.max_pool2d(x, stride, stride)
        y = self.norm_relu(f"{name}bn1", self.conv(f"{name}conv1", x))
        height, width = y.shape[2:]
        answers = []
        for branch, scale in enumerate((1, 2, 4, 7)):
            if f"{name}conv2.{branch}.weight" not in self.state:
                continue
            whole = height < scale or width < scale
            small = F.max_pool2d(y, (height, width) if whole else scale)
            answer = self.conv(f"{name}conv2.{branch}", small, dilation=dilation)
            even = height % answer.shape[2] == 0 and width % answer.shape[3] == 0
            if scale > 1 and even:
                answer = F.interpolate(answer, (height, width), mode="nearest")
            elif scale > 1:
                answer = F.interpolate(
                    answer, (height, width), mode="bilinear", align_corners=False
                )
            answers.append(self.norm(f"{name}bn2.{branch}", answer))
        y = torch.cat(answers, dim=1).relu()
        y = self.norm(f"{name}bn3", self.conv(f"{name}conv3", y))
        if first:
            x = self.norm(f"{name}downsample.1", self.conv(f"{name}downsample.0", x))
        return (x + y).relu()

    def scalenet101(self, images):
        def block(name, *arguments):
            return self.scale_block(f"{name}.", *arguments)

        x = self.norm_relu("bn1", self.conv("conv1", images, stride=2))
        return self.stages(F.max_pool2d(x, 3, 2, 1), block)

    def resnet38(self, images):
        def basic(name, x, stride=1, dilations=(1, 1)):
            given = self.norm_relu(f"{name}.bn_branch2a", x)
            y = self.conv(f"{name}.conv_branch2a", given, stride, dilations[0])
            y = self.norm_relu(f"{name}.bn_branch2b1", y)
            y = self.conv(f"{name}.conv_branch2b1", y, 1, dilations[1])
            if f"{name}.conv_branch1.weight" in self.state:
                x = self.conv(f"{name}.conv_branch1", given, stride)
            return x + y, given

        def bottleneck(name, x):
            given = self.norm_relu(f"{name}.bn_branch2a", x)
            y = self.conv(f"{name}.conv_branch2a", given)
            y = self.norm_relu(f"{name}.bn_branch2b1", y)
            y = self.conv(f"{name}.conv_branch2b1", y, 1, 4)
            y = self.norm_relu(f"{name}.bn_branch2b2", y)
            y = self.conv(f"{name}.conv_branch2b2", y)
            return self.conv(f"{name}.conv_branch1", given) + y, given

        x = self.conv("conv1a", images)
        for name, count in (("b2", 3), ("b3", 3), ("b4", 6)):
            x, fine = basic(name, x, stride=2)
            for position in range(1, count):
                x, _ = basic(f"{name}_{position}", x)
        x, middle = basic("b5", x, dilations=(1, 2))
        for name in ("b5_1", "b5_2"):
            x, _ = basic(name, x, dilations=(2, 2))
        x, coarse = bottleneck("b6", x)
        x, _ = bottleneck("b7", x)
        return [fine, middle, coarse, self.norm_relu("bn7", x)]


def assert_same_maps(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        scale = theirs.std()
        assert 1e-3 < scale < 1e6
        torch.testing.assert_close(ours / scale, theirs / scale, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_forward_is_the_papers(built):
    """65×81 gives ScaleNet maps of which some scales divide the sides and some do not."""
    name, backbone, state = built
    images = torch.randn(1, 3, 65, 81, generator=torch.Generator().manual_seed(1))
    assert_same_maps(backbone(images), getattr(Reference(state), name)(images))


@torch.no_grad()
@pytest.mark.parametrize("size", [(5, 9), (9, 5), (6, 6), (2, 3), (14, 21), (15, 13)])
@pytest.mark.parametrize(
    ("channels_in", "allocation", "side", "stride", "dilation"),
    [
        (32, (5, 3, 2, 4), 14, 1, 1),
        (32, (5, 3, 2, 4), 14, 1, 2),
        (24, (5, 3, 2, 0), 14, 1, 2),
        (32, (5, 3, 2, 4), 7, 1, 4),  # the smallest scale's kernel is 1×1
        (24, (5, 0, 2, 4), 14, 2, 1),
    ],
)
def test_scale_block(size, channels_in, allocation, side, stride, dilation):
    block = ScaleBlock(channels_in, 8, allocation, side, stride, dilation).eval()
    state = random_state(block)
    block.load_state_dict(state, strict=False)
    kernels = [block.conv2[branch].kernel_size[0] for branch in block.conv2]
    assert kernels == [1 if side == 7 and i == 3 else 3 for i in range(4) if allocation[i]]
    x = torch.randn(2, channels_in, *size, generator=torch.Generator().manual_seed(1))
    first = stride > 1 or channels_in != 32
    expected = Reference(state).scale_block("", x, first, stride, dilation)
    torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-5)


# Training


def test_resnet38_drops_channels_in_its_last_blocks():
    network = on_meta("resnet38").network
    drops = {n: m.p for n, m in network.named_modules() if isinstance(m, nn.Dropout2d)}
    assert drops == {"b6.dropout": 0.3, "b7.dropout": 0.5}


def test_training_reaches_every_parameter(built):
    name, backbone, _ = built
    backbone.train()
    backbone.zero_grad()
    before = {key: value.clone() for key, value in backbone.named_buffers() if "running" in key}
    maps = backbone(torch.randn(2, 3, 33, 33, generator=torch.Generator().manual_seed(2)))
    sum(stage.square().mean() for stage in maps).backward()
    backbone.eval()
    assert all(value.grad is not None for value in backbone.parameters())
    backbone.zero_grad(set_to_none=True)
    after = dict(backbone.named_buffers())
    kept = {torch.equal(after[key], value) for key, value in before.items()}
    backbone.network.load_state_dict(
        {key.removeprefix("network."): value for key, value in before.items()}, strict=False
    )
    assert kept == {name == "resnet101"}  # its statistics stay those of ImageNet


FIRST_STAGE = {
    "resnet38": ("conv1a.", "b2.", "b2_1.", "b2_2."),
    "efficientnet_lite0": ("conv_stem.", "bn1.", "blocks.0.", "blocks.1."),
}


@pytest.mark.parametrize("name", [*CHANNELS, "efficientnet_lite0"])
@pytest.mark.parametrize(("affine", "first_stage"), [(True, False), (False, True), (True, True)])
def test_frozen_parameters(name, affine, first_stage):
    backbone = on_meta(name)
    backbone.freeze(affine, first_stage)
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    backbone.set_pretrained()
    norms = {
        f"{name}.{part}"
        for name, module in backbone.network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        for part in ("weight", "bias")
    }
    stem = FIRST_STAGE.get(name, ("conv1.", "bn1.", "layer1."))
    frozen = {
        name
        for name, _ in backbone.network.named_parameters()
        if (affine and name in norms) or (first_stage and name.startswith(stem))
    }
    found = {n for n, p in backbone.network.named_parameters() if not p.requires_grad}
    assert found == frozen != set()


def test_first_stage_of_a_timm_model_is_not_known():
    with pytest.raises(UserError, match="set frozen_first_stage to false"):
        on_meta("timm:resnet18").freeze(affine=True, first_stage=True)


@pytest.mark.parametrize("name", CHANNELS)
def test_both_models_take_it(name):
    with torch.device("meta"):
        segmentor = build_segmentor(name, 21, pretrained=False)
        classifier = SEAM(name, 20, pretrained=False).eval()
    images = torch.empty(2, 3, 64, 64, device="meta")
    assert segmentor(images, mode="tensor").shape == (2, 21, 8, 8)
    cam = classifier.head(classifier.backbone(images)[3])
    assert cam.shape == (2, 21, 8, 8)


# timm's models


@torch.no_grad()
def test_timm_model_gives_its_last_four_maps():
    backbone = build_backbone("timm:resnet18").eval()
    assert backbone.channels == (64, 128, 256, 512)
    model = timm.create_model("resnet18", output_stride=8).eval()
    load_published_state_dict(backbone, model.state_dict())
    images = torch.randn(1, 3, 65, 97, generator=torch.Generator().manual_seed(3))
    x = model.maxpool(model.act1(model.bn1(model.conv1(images))))
    expected = []
    for stage in (model.layer1, model.layer2, model.layer3, model.layer4):
        x = stage(x)
        expected.append(x)
    assert [tuple(stage.shape[2:]) for stage in expected] == [(17, 25), (9, 13), (9, 13), (9, 13)]
    torch.testing.assert_close(backbone(images), tuple(expected))


@torch.no_grad()
def test_timm_model_gets_pixels_normalised_as_it_expects():
    backbone = build_backbone("timm:vit_tiny_patch16_224", output_stride=16).eval()
    pixels = torch.randint(0, 256, (1, 3, 40, 50), generator=torch.Generator().manual_seed(4))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    given = []
    backbone.network.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0]))
    maps = backbone((pixels - mean) / std)
    assert [tuple(stage.shape) for stage in maps] == [(1, 192, 3, 4)] * 4
    assert given[0].shape == (1, 3, 48, 64)  # its patches are 16×16
    expected = pixels / 255 * 2 - 1
    torch.testing.assert_close(given[0][:, :, :40, :50], expected, rtol=0, atol=1e-5)


def test_timm_checkpoint_must_fit():
    backbone = on_meta("timm:efficientnet_b0", output_stride=16)
    with torch.device("meta"):
        state = timm.create_model("efficientnet_b0").state_dict()
    load_published_state_dict(backbone, state)  # with the parts behind the fourth map
    with pytest.raises(RuntimeError, match=r'Missing key.*"conv_stem\.weight"'):
        load_published_state_dict(
            backbone, {k: v for k, v in state.items() if k != "conv_stem.weight"}
        )
    with pytest.raises(RuntimeError, match=r'Unexpected key.*"surprise"'):
        load_published_state_dict(backbone, {**state, "surprise": state["conv_stem.weight"]})


@pytest.mark.parametrize(
    ("name", "output_stride", "message"),
    [
        ("timm:resnet1800", 8, "'timm:resnet1800': timm has no model.*did you mean resnet18 or"),
        ("timm:", 8, "'timm:': timm has no model of this name$"),
        ("timm:hf_hub:timm/resnet18", 8, "timm has no model"),
        ("timm:vit_tiny_patch16_224", 8, "output stride 16, not 8: set output_stride to 16"),
        ("timm:levit_128s", 16, "'timm:levit_128s' does not give four maps: "),
        ("timm:beit_base_patch16_224", 16, "does not take images of every size: "),
        ("resnet50", 8, f"choose one of {', '.join(BACKBONES)} or timm:<name>$"),
        ("resnet101", 4, "output stride 4 is unknown: choose one of 8, 16, 32"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(name, output_stride, message):
    with pytest.raises(UserError, match=message) as error:
        build_backbone(name, output_stride)
    assert "\n" not in str(error.value)
