"""A bundle holds what a model needs elsewhere, and its card says what was measured."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from PIL import Image

from urn.datasets.index import Entry, Index
from urn.evaluation import ConfusionMatrix
from urn.export.bundle import facts_of, write_bundle
from urn.export.model_card import Measured, model_card, scores_of
from urn.export.onnx import Agreement, session_of, write_onnx
from urn.files.images import palette, read_mask
from urn.files.models import save_model
from urn.segmentation.model import build_segmentor

CLASSES = ["background", "cat", "big dog"]
AGREEMENT = Agreement(images=2, pixels=12_345_678, equal=0.99996, largest_difference=1.2e-6)


def matrix(truth, mask):
    found = ConfusionMatrix(len(CLASSES))
    found.add(np.uint8([mask]), np.uint8([truth]))
    return found


@pytest.fixture
def measured():
    whole = matrix([0, 0, 1, 1, 1, 2], [0, 0, 1, 2, 2, 2])
    return Measured(whole, 5, whole, matrix([0, 1], [0, 0]), 2)


@pytest.fixture
def index():
    entries = [
        Entry("a", "train", Path("a.jpg"), None, ("cat", "big dog")),
        Entry("b", "train", Path("b.jpg"), None, ("cat",)),
        Entry("c", "val", Path("c.jpg"), Path("c.png"), ()),
    ]
    return Index(tuple(CLASSES[1:]), tuple(entries))


def facts(measured):
    return facts_of(
        CLASSES,
        dataset="pets",
        prediction={"resize": [200, 120]},
        training={
            "backbone": "resnet18",
            "supervision": "urn",
            "loss": {"name": "noise_weighted", "t": 0.05},
            "settings": {"iterations": 6, "crop": 96},
        },
        seed=3,
        scores=scores_of(CLASSES, measured),
    )


def card(index, measured):
    return model_card("pets resnet18 urn", index, measured, AGREEMENT, facts(measured))


def test_card_is_hugging_faces(index, measured):
    read = ModelCard(card(index, measured))
    (result,) = read.data.eval_results
    assert read.data.pipeline_tag == "image-segmentation"
    assert (result.metric_type, result.dataset_name) == ("mean_iou", "pets")
    assert result.metric_value == round(100 * measured.matrix.miou, 2)


@pytest.mark.parametrize(
    "line",
    [
        "| cat | 2 |",  # tags
        "| cat | 33.33 |",  # IoU
        "- 66.7 % of cat taken for big dog",
        "| iterations | 6 |",
        "| seed | 3 |",
    ],
)
def test_card_tells_what_was_measured(index, measured, line):
    assert line in card(index, measured).splitlines()


def test_card_never_rounds_up_how_well_the_file_agrees(index, measured):
    text = card(index, measured)
    assert "(12 345 678 pixels) its labels were PyTorch's on 99.996 % of the pixels" in text
    assert "single pass of `model.onnx` has a mean IoU of 25.00, the run's predictions" in text


def test_card_without_truth_claims_no_score(index):
    text = card(index, None)
    assert "None: no true masks of val were given." in text
    assert "model-index" not in text and "failed" not in text


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The weights' file and the ONNX file of a model."""
    torch.manual_seed(0)
    build = {"backbone": "resnet18", "num_classes": 3, "output_stride": 32, "head_channels": 16}
    model = build_segmentor(**build, auxiliary_channels=16, pretrained=False).eval()
    folder = tmp_path_factory.mktemp("model")
    save_model(model, folder / "model.pth", {"build": build})
    write_onnx(folder / "model.onnx", model, (200, 120))
    return folder


@pytest.fixture
def bundle(model, tmp_path, index, measured):
    def write(name):
        parts = (model / "model.onnx", model / "model.pth", card(index, measured))
        write_bundle(tmp_path / name, *parts, facts(measured))
        return tmp_path / name

    return write


def test_bundle_tells_the_sums_of_its_files(bundle):
    with zipfile.ZipFile(bundle("model.zip")) as file:
        told = json.loads(file.read("model.json"))
        names = set(file.namelist())
        assert names == {"model.onnx", "model.pth", "model.json", "README.md", "example.py"}
        assert told["sha256"].keys() == names - {"model.json"}
        for name, digest in told["sha256"].items():
            assert hashlib.sha256(file.read(name)).hexdigest() == digest
    assert told["classes"] == CLASSES
    assert told["palette"] == palette(3).tolist()
    assert told["versions"]["torch"] == torch.__version__.partition("+")[0]


def test_equal_contents_give_equal_bundles(bundle):
    assert bundle("first.zip").read_bytes() == bundle("second.zip").read_bytes()


def test_example_of_twenty_lines_gives_the_files_labels(bundle, tmp_path):
    with zipfile.ZipFile(bundle("model.zip")) as file:
        file.extractall(tmp_path / "there")
    example = tmp_path / "there" / "example.py"
    assert len(example.read_text().splitlines()) <= 20
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    done = subprocess.run(
        [sys.executable, "-I", example, tmp_path / "photo.png"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    _, labels = session_of(tmp_path / "there" / "model.onnx").run(None, {"image": pixels})
    np.testing.assert_array_equal(read_mask(tmp_path / "photo_mask.png"), labels)
    assert all(CLASSES[number] in done.stdout for number in np.unique(labels))
