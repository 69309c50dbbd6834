"""What a finished run hands over, in the tools that it is for."""

import shutil
import zipfile

import numpy as np
import pytest
import yaml
from mmengine import Config
from mmengine.runner import Runner
from mmseg.apis import inference_model, init_model
from test_workflow import VAL, changed_configuration, planned, snakemake

from benchmarks.prediction import compare
from urn.evaluation import ConfusionMatrix
from urn.export.onnx import session_of, views
from urn.files.images import read_image, read_mask
from urn.files.models import load_model
from urn.registry import EXPORTS
from urn.segmentation.inference import logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]

MODEL = "results/tiny/resnet18/urn"
EXPORTED = "results/tiny/efficientnet_lite0/exports"
SCALE = (200, 96)  # of tests/tiny.yaml


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A copy of a finished run with everything that can be handed over; read only."""
    folder = tmp_path_factory.mktemp("handed_over") / "run"
    shutil.copytree(finished, folder, copy_function=shutil.copy2)
    exports = [f"{EXPORTED}/{kind}" for kind in EXPORTS]
    snakemake(folder, "--", f"{MODEL}/model.zip", f"{MODEL}/mmseg/config.py", *exports)
    return folder


def photo(run, image_id):
    return run / "data" / "tiny" / "JPEGImages" / f"{image_id}.jpg"


@pytest.fixture(scope="module")
def labels(run):
    """The labels of the model itself by image, in a single pass."""
    model, _ = load_model(
        run / MODEL / "model.pth",
        lambda meta: build_segmentor(**meta["build"], pretrained=False),
    )
    network, single = logits_of(model), views(SCALE)
    return {
        image_id: predict_probabilities(network, read_image(photo(run, image_id)), single).argmax(0)
        for image_id in VAL
    }


def test_onnx_file_of_a_bundle_gives_the_models_labels(run, labels, tmp_path):
    with zipfile.ZipFile(run / MODEL / "model.zip") as bundle:
        bundle.extractall(tmp_path)
    session = session_of(tmp_path / "model.onnx")
    for image_id, expected in labels.items():
        _, found = session.run(None, {"image": read_image(photo(run, image_id))})
        assert (found == expected).mean() >= 0.999
    facts = yaml.safe_load((tmp_path / "model.json").read_text())
    miou = (run / MODEL / "miou.txt").read_text().split()[0]
    assert f"{facts['scores']['miou']:.2f}" == miou
    assert f"| **mean** | **{miou}** |" in (tmp_path / "README.md").read_text()
    assert facts["onnx"]["equal"] >= 0.999
    assert facts["training"]["settings"]["iterations"] == 6
    assert facts["prediction"].keys() == {
        *("resize", "ratios", "window", "stride", "minimum", "working_size", "scales"),
        "crf_backend",
    }


def test_bundles_of_urn_are_part_of_a_plain_run_that_wants_them(run, tmp_path):
    wanted = planned(run, configuration=changed_configuration(tmp_path, bundle=True))
    # The student's is there; the front page links both.
    assert wanted == {"bundle": 1, "front_page": 1}


def test_mmsegmentations_inference_gives_the_models_labels(run, labels):
    files = (str(run / MODEL / "mmseg" / name) for name in ("config.py", "checkpoint.pth"))
    model = init_model(*files, device="cpu")
    assert model.dataset_meta["classes"][0] == "background"
    for image_id, expected in labels.items():
        found = inference_model(model, str(photo(run, image_id))).pred_sem_seg.data[0]
        np.testing.assert_array_equal(found, expected)


def test_every_way_to_use_a_bundle_gives_its_labels(run):
    seconds, agreement = compare(
        run / MODEL / "model.zip", [photo(run, image_id) for image_id in VAL[:2]], rounds=1
    )
    assert {"urn.load", "urn predict", "urn predict --fast"} <= seconds.keys()
    assert agreement["model.onnx"] >= 0.999 and agreement["inference_model"] >= 0.999


def test_mmsegmentations_runner_scores_the_exported_images(run, labels, tmp_path):
    config = Config.fromfile(run / MODEL / "mmseg" / "config.py")
    config.test_dataloader.dataset.data_root = str(run / config.test_dataloader.dataset.data_root)
    config.work_dir, config.load_from = str(tmp_path), str(run / MODEL / "mmseg/checkpoint.pth")
    scores = Runner.from_cfg(config).test()
    matrix = ConfusionMatrix(7)
    for image_id, mask in labels.items():
        truth = run / "data" / "tiny" / "SegmentationClass" / f"{image_id}.png"
        matrix.add(mask.astype(np.uint8), read_mask(truth))
    assert scores["aAcc"] == pytest.approx(100 * matrix.pixel_accuracy, abs=0.01)


@pytest.mark.parametrize("kind", EXPORTS)
def test_exports_are_made_of_the_cyclic_masks(run, kind):
    assert any((run / EXPORTED / kind).rglob(f"{VAL[0]}*"))
    again = snakemake(run, "--dry-run", "--", f"{EXPORTED}/{kind}")
    assert "Nothing to be done" in again
