"""The ONNX file of a model computes what the model computes, for images of any size."""

import numpy as np
import onnx
import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from urn.backbones.scalenet import Enlarge
from urn.errors import UserError
from urn.export.any_size import BinMeans, EitherEnlarge, SameConvolution
from urn.export.onnx import check_onnx, session_of, write_onnx
from urn.segmentation.model import build_segmentor

SCALE = (200, 120)
SIZES = [(90, 151), (240, 130), (120, 200)]


def built(backbone, output_stride=16, seed=0):
    torch.manual_seed(seed)
    settings = {"output_stride": output_stride, "head_channels": 16, "auxiliary_channels": 16}
    return build_segmentor(backbone, 4, **settings, pretrained=False).eval()


def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in SIZES]


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("size", [(1, 6), (7, 13), (20, 36)])
def test_bins_are_those_of_adaptive_pooling(count, size):
    pool, maps = nn.AdaptiveAvgPool2d(count), torch.randn(2, 3, *size)
    torch.testing.assert_close(BinMeans(pool)(maps), pool(maps), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(3, 2, 1), (5, 2, 1), (3, 1, 2)])
@pytest.mark.parametrize("size", [(7, 12), (9, 5)])
def test_convolution_keeps_timms_padding(kernel, stride, dilation, size):
    convolution = Conv2dSame(2, 4, kernel, stride=stride, dilation=dilation)
    maps = torch.randn(1, 2, *size)
    torch.testing.assert_close(SameConvolution(convolution)(maps), convolution(maps))


@pytest.mark.parametrize("size", [(8, 12), (9, 12), (7, 14), (9, 13)])
def test_enlarging_is_scalenets(size):
    maps, like = torch.randn(1, 2, size[0] // 4, size[1] // 4), torch.empty(1, 2, *size)
    enlarge = Enlarge()
    torch.testing.assert_close(EitherEnlarge(enlarge)(maps, like), enlarge(maps, like))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model and its file."""
    model, path = built("resnet18"), tmp_path_factory.mktemp("onnx") / "model.onnx"
    write_onnx(path, model, SCALE)
    return model, path


def test_labels_are_the_models(exported):
    found = []
    agreement = check_onnx(exported[1], exported[0], SCALE, images(), found.append)
    assert agreement.equal >= 0.999 and agreement.largest_difference < 1e-4
    assert agreement.images == 2 * len(SIZES)
    assert [labels.shape for labels in found] == SIZES
    assert len(np.unique(found[0])) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "output_stride"),
    [
        ("efficientnet_lite0", 16),
        ("resnet38", 8),
        ("resnet101", 8),
        ("scalenet101", 8),
        ("res2net101", 8),
        ("timm:convnext_atto", 32),
    ],
)
def test_every_backbone_can_be_exported(tmp_path, backbone, output_stride):
    model = built(backbone, output_stride)
    write_onnx(tmp_path / "model.onnx", model, SCALE)
    assert check_onnx(tmp_path / "model.onnx", model, SCALE, images()).equal >= 0.999


def test_exporting_leaves_the_model_as_it_is(exported):
    kinds = {type(module) for module in exported[0].modules()}
    assert nn.AdaptiveAvgPool2d in kinds and BinMeans not in kinds


def test_file_is_for_runtimes_of_two_years_ago(exported):
    model = onnx.load(exported[1])
    assert model.ir_version <= 10
    assert {entry.domain: entry.version for entry in model.opset_import} == {"": 18}


def test_pixels_go_in_and_labels_come_out(exported):
    session = session_of(exported[1])
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type) == ("image", "tensor(uint8)")
    assert taken.shape == ["height", "width", 3]
    logits, labels = session.run(["logits", "labels"], {"image": np.zeros((77, 140, 3), np.uint8)})
    assert (logits.shape, logits.dtype) == ((4, 77, 140), np.float32)
    assert (labels.shape, labels.dtype) == ((77, 140), np.uint8)
    np.testing.assert_array_equal(labels, logits.argmax(0))


def test_a_file_of_another_model_is_refused(exported):
    with pytest.raises(UserError, match=r"model.onnx gives the labels of its model on only .* %"):
        check_onnx(exported[1], built("resnet18", seed=1), SCALE, images())


def test_a_network_that_looks_at_its_values_cannot_be_exported(tmp_path):
    class Choosing(nn.Module):
        def forward(self, images):
            return [images * 2 if images.mean() > 0 else images] * 4

    model = built("resnet18")
    model.backbone = Choosing()
    with pytest.raises(UserError, match=r"cannot be exported to ONNX \(.+\): choose another"):
        write_onnx(tmp_path / "model.onnx", model, SCALE)
    assert not list(tmp_path.iterdir())
