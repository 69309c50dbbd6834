"""The training's options for published settings: effective batch, loss scale, evaluation."""

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_training import TinyModel, tiny_model, train_tiny
from torch.nn import functional as F

from urn.affinity.network import AffinityNet
from urn.backbones import IMAGENET_MEAN, IMAGENET_STD
from urn.classification.network import SEAM
from urn.evaluation import ConfusionMatrix
from urn.files.images import read_image, read_mask
from urn.segmentation.model import build_segmentor
from urn.segmentation.validation import single_scale_miou
from urn.training.loop import prepare
from urn.training.precision import PrecisionOptimWrapper

pytestmark = pytest.mark.filterwarnings("ignore:.*get_instance:UserWarning")


def wrapped(precision: str) -> tuple[torch.nn.Parameter, PrecisionOptimWrapper]:
    weight = torch.nn.Parameter(torch.ones(3))
    return weight, PrecisionOptimWrapper(precision, optimizer=torch.optim.SGD([weight], lr=0.1))


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_updates_do_not_depend_on_the_loss_scale(precision):
    weight, wrapper = wrapped(precision)
    wrapper.update_params((weight * torch.tensor([1.0, 2.0, 4.0])).sum())
    assert weight.tolist() == pytest.approx([0.9, 0.8, 0.6])


def test_float16_scales_losses_and_leaves_out_steps_that_overflow():
    weight, wrapper = wrapped("float16")
    scale = wrapper.state_dict()["scaler"]["scale"]
    wrapper.backward(weight.sum())
    assert (weight.grad == scale).all() and scale > 1000
    wrapper.zero_grad()
    wrapper.update_params((weight * torch.inf).sum())
    assert (weight == 1).all()
    lowered = wrapper.state_dict()["scaler"]["scale"]
    assert lowered == scale / 2
    _, other = wrapped("float16")
    other.load_state_dict(wrapper.state_dict())
    assert other.state_dict()["scaler"]["scale"] == lowered


def test_float16_training_resumes(tmp_path, caplog):
    """The scale, doubled after 2000 steps or halved, is part of the state."""
    caplog.set_level("INFO", "urn")
    whole, resumed = tiny_model(), tiny_model()
    train_tiny(whole, tmp_path / "work", tmp_path / "whole.tsv", precision="float16")
    (tmp_path / "work" / "iteration_16.pth").unlink()
    train_tiny(resumed, tmp_path / "work", tmp_path / "resumed.tsv", precision="float16")
    assert "resumed from iteration 12 " in caplog.text
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_effective_batch_and_learning_rate_are_in_the_log(tmp_path, caplog):
    caplog.set_level("INFO", "urn")
    settings = {"batch_size": 6, "images_per_step": 2, "learning_rate": 0.03, "iterations": 1}
    train_tiny(tiny_model(), tmp_path / "work", tmp_path / "curve.tsv", **settings)
    assert "a batch is 6 images: 1 process(es) × 2 images × 3 step(s)" in caplog.text
    assert "the learning rate, 0.03, is for this batch" in caplog.text


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
@torch.no_grad()
def test_losses_survive_mixed_precision(precision):
    prepare(0)
    images, tags = list(torch.randn(2, 3, 96, 96)), list(torch.tensor([[1.0, 0, 1], [0, 1.0, 0]]))
    labels = list(torch.randint(0, 3, (2, 12, 12)))
    classifier = SEAM("efficientnet_lite0", 3, output_stride=16).eval()
    network = AffinityNet("efficientnet_lite0", output_stride=16).eval()
    for model, arguments in ((classifier, (images, tags)), (network, (images, labels))):
        exact = model(*arguments, mode="loss")
        with torch.autocast("cpu", precision):
            found = model(*arguments, mode="loss")
        for name, value in exact.items():
            assert found[name].item() == pytest.approx(value.item(), rel=0.1, abs=0.02), name


class Modes(TinyModel):
    """Remembers whether its batch norm learned in each forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.learned: list[bool] = []

    def forward(self, inputs, target, mode="tensor"):
        self.learned.append(self.layers[1].training)
        return super().forward(inputs, target, mode)


def test_evaluation_is_a_column_of_the_curve(tmp_path):
    model, seen = Modes(), []

    def evaluate() -> float:
        model.eval()
        seen.append(len(model.learned))
        return 10.0 * len(seen)

    folder = tmp_path
    train_tiny(
        model,
        folder / "work",
        folder / "curve.tsv",
        iterations=8,
        curve_interval=4,
        evaluate=evaluate,
        evaluate_every=3,
    )
    assert seen == [3, 6]
    assert model.learned == [True] * 8
    curve = pd.read_csv(folder / "curve.tsv", sep="\t").set_index("iteration")["miou"]
    assert curve.dropna().to_dict() == {3: 10, 6: 20}
    assert curve.index.tolist() == [3, 4, 6, 8]


@torch.no_grad()
def test_single_scale_miou(scenes):
    prepare(0)
    model = build_segmentor(
        "resnet18", 9, output_stride=16, head_channels=8, auxiliary_channels=8, pretrained=False
    )
    torch.nn.init.normal_(model.decode_head.conv_seg.weight, std=5)
    score = ConfusionMatrix(9)
    for image, mask in scenes[:2]:
        pixels, truth = read_image(image), read_mask(mask)
        values = (torch.from_numpy(pixels) - torch.tensor(IMAGENET_MEAN)) / torch.tensor(
            IMAGENET_STD
        )
        factor = min(200 / max(truth.shape), 96 / min(truth.shape))
        size = [round(side * factor) for side in truth.shape]
        small = F.interpolate(values.permute(2, 0, 1)[None], size, mode="bilinear")
        logits = F.interpolate(model.eval()(small), size, mode="bilinear")
        logits = F.interpolate(logits, truth.shape, mode="bilinear")
        score.add(logits[0].argmax(0).numpy().astype(np.uint8), truth)
    found = single_scale_miou(model, scenes[:2], 9, scale=(200, 96), window=512, stride=480)
    assert 0 < found < 100
    assert found == pytest.approx(100 * score.miou, abs=0.01)
