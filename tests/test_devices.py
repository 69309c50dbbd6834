"""Every network and the CRF on a GPU, but for the numbers: see fake_gpu.py."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from fake_gpu import fake_gpu
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from urn.affinity.network import GRID, AffinityNet
from urn.affinity.refinement import affinity_refine
from urn.backbones import BACKBONES
from urn.classification.inference import multi_scale_cam
from urn.classification.network import SEAM
from urn.crf import torch_backend
from urn.segmentation import inference
from urn.segmentation.losses import LOSSES
from urn.segmentation.model import build_segmentor
from urn.training.precision import PrecisionOptimWrapper

CLASSES, CROP = 3, 64
LOSS_ARGUMENTS = {"noise_weighted": {"t": 0.05}}
IMAGE = np.zeros((72, 96, 3), np.uint8)
CAMS = {2: np.ones(IMAGE.shape[:2], np.float32)}


def segmentor(backbone: str, loss: str = "noise_weighted") -> BaseModel:
    loss_of_heads = {"name": loss, **LOSS_ARGUMENTS.get(loss, {})}
    return build_segmentor(backbone, CLASSES, crop_size=CROP, pretrained=False, loss=loss_of_heads)


def classifier(backbone: str) -> BaseModel:
    return SEAM(backbone, CLASSES, pretrained=False)


def affinity_net(backbone: str) -> BaseModel:
    return AffinityNet(backbone, pretrained=False)


def segmentation_batch() -> dict[str, list]:
    """Images and masks smaller than the crop, which are padded."""
    size = (CROP - 8, CROP)
    maps = {
        "gt_sem_seg": PixelData(data=torch.zeros(1, *size, dtype=torch.long)),
        "gt_weight": PixelData(data=torch.zeros(1, *size)),
    }
    samples = [SegDataSample(metainfo={"img_shape": size}, **maps) for _ in range(2)]
    return {
        "inputs": list(torch.zeros(2, 3, *size, dtype=torch.uint8)),
        "data_samples": [sample.clone() for sample in samples],
    }


def classifier_batch() -> dict[str, list]:
    return {
        "inputs": list(torch.zeros(2, 3, CROP, CROP)),
        "tags": list(torch.zeros(2, CLASSES)),
    }


def affinity_batch() -> dict[str, list]:
    cells = CROP // GRID
    return {
        "inputs": list(torch.zeros(2, 3, CROP, CROP)),
        "labels": list(torch.zeros(2, cells, cells, dtype=torch.long)),
    }


def assert_trains(model: BaseModel, batch: dict[str, list]) -> None:
    """A step of the training loop."""
    with fake_gpu():
        model.to("cuda").train()
        sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = model.train_step(batch, PrecisionOptimWrapper("float32", optimizer=sgd))
        momenta = [state["momentum_buffer"] for state in sgd.state.values()]
        assert momenta and all(value.is_cuda for value in [*momenta, *losses.values()])


NETWORKS: dict[str, tuple[Callable[[str], BaseModel], Callable[[], dict[str, list]]]] = {
    "segmentation": (segmentor, segmentation_batch),
    "classifier": (classifier, classifier_batch),
    "affinity": (affinity_net, affinity_batch),
}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("network", NETWORKS)
def test_training_step(network, backbone):
    build, batch = NETWORKS[network]
    assert_trains(build(backbone), batch())


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_segmentation(loss):
    assert_trains(segmentor("resnet18", loss), segmentation_batch())


def test_responses():
    model = segmentor("resnet18")
    views = inference.Views(ratios=(0.5, 1.5), scale=(96, 72), window=CROP, stride=48)
    with fake_gpu():
        network = inference.logits_of(model.to("cuda"))
        found = inference.predict_probabilities(network, IMAGE, views, "cuda")
    assert found.shape == (CLASSES, *IMAGE.shape[:2])


def test_responses_with_variance():
    model = segmentor("resnet18")
    views = inference.Views(ratios=(0.5, 1.5), window=CROP, stride=48)
    with fake_gpu():
        network = inference.logits_of(model.to("cuda"))
        found, variance = inference.predict_with_variance(network, IMAGE, views, "cuda")
    assert found.shape[1:] == variance.shape == IMAGE.shape[:2]


@pytest.mark.parametrize("window", [None, CROP])
def test_cams(window):
    model = classifier("resnet18").eval()
    with fake_gpu():
        found = multi_scale_cam(model.to("cuda"), IMAGE, [1, 3], (0.5, 1.5), window, 48)
    assert found.shape == (2, *IMAGE.shape[:2])


@pytest.mark.parametrize("bounds", ["AFFINITY_BYTES", "AFFINITY_PIXELS"])
def test_pixel_correlation_of_large_images(bounds, monkeypatch):
    """Computed a few pixels at a time, or on a coarser grid."""
    monkeypatch.setattr(f"urn.classification.network.{bounds}", 50)
    assert_trains(classifier("resnet18"), classifier_batch())


def test_random_walk():
    network = affinity_net("resnet18").eval()
    with fake_gpu():
        found = affinity_refine(IMAGE, CAMS, network.to("cuda"))
    assert found.shape == IMAGE.shape[:2]


@pytest.mark.parametrize(("result", "shape"), [("inference", (4, 3)), ("masks", (4,))])
def test_crf(result, shape):
    fields = np.ones((4, 3, *IMAGE.shape[:2]), np.float32)
    try:
        with fake_gpu():
            engine = torch_backend.Engine(IMAGE, (3, 3), (80, 13, 10), 1, 1 << 20, "cuda")
            found = getattr(engine, result)(fields, iterations=2)
    finally:
        torch_backend._spatial_kernel.cache_clear()  # its tensors are fakes
    assert found.shape == (*shape, *IMAGE.shape[:2])


def forgotten_device(values: Tensor) -> Any:
    return values * torch.ones(3)


def forgotten_copy(values: Tensor) -> Any:
    return values.numpy()


def forgotten_buffer(values: Tensor) -> Any:
    class Scale(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factors = torch.ones(3)

    return values * Scale().to("cuda").factors


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (forgotten_device, RuntimeError),
        (forgotten_buffer, RuntimeError),
        (forgotten_copy, TypeError),
    ],
)
def test_faults_are_found(fault, error):
    with fake_gpu():
        values = torch.zeros(3, device="cuda")
        with pytest.raises(error, match="cuda"):
            fault(values)
        fault(values.cpu())
