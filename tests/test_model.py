"""A trained model from a file: what it takes, what it predicts, and files that are none."""

import io
import pickle
import shutil
import subprocess
import sys
import zipfile
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_segmentor import CLASSES, SETTINGS, with_settings, write_model

import urn
from urn.errors import UserError
from urn.files.images import write_mask
from urn.prediction.settings import settings_from, write_settings


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(path):
    return urn.load(path)


@pytest.fixture
def copied(path, tmp_path):
    shutil.copytree(path.parent, tmp_path / "copied")
    return tmp_path / "copied" / "model.pth"


@pytest.fixture(scope="module")
def photo(scenes):
    return scenes[0][0]


def bundled(path, target, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(target, "w", compression) as bundle:
        for file in (path, path.with_suffix(".json")):
            bundle.write(file, file.name)
    return target


def test_importing_urn_imports_no_torch():
    script = "import sys, urn; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_urn_has_no_other_names():
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = urn.laod


def test_a_prediction_has_the_images_size_and_all_classes(model, photo):
    found = model(photo)
    size = Image.open(photo).size[::-1]
    assert found.classes == ("background", *CLASSES)
    assert found.size == found.mask.shape == found.uncertainty.shape == size
    assert found.mask.dtype == np.uint8 and len(np.unique(found.mask)) > 1
    assert found.probabilities.shape == (4, *size)
    np.testing.assert_allclose(found.probabilities.sum(axis=0), 1, atol=0.05)
    assert found.uncertainty.min() == 0 and 0.9 < found.uncertainty.max() <= 1


def test_paths_pictures_and_arrays_are_the_same(model, photo, tmp_path):
    Image.open(photo).save(tmp_path / "a.png")  # without a JPEG's losses
    image = Image.open(tmp_path / "a.png")
    expected = model(tmp_path / "a.png").mask
    for other in (str(tmp_path / "a.png"), image, np.asarray(image)):
        np.testing.assert_array_equal(model(other).mask, expected)


@pytest.mark.parametrize("orientation", [3, 6])
def test_an_image_is_seen_upright(model, photo, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.open(photo).convert("L").save(tmp_path / "a.png", exif=exif)
    turned = Image.open(tmp_path / "a.png")
    upright = np.rot90(np.asarray(turned), {3: 2, 6: 3}[orientation])
    expected = model(np.repeat(upright[..., None], 3, axis=2)).mask
    for image in (tmp_path / "a.png", turned):
        np.testing.assert_array_equal(model(image).mask, expected)


@pytest.mark.parametrize("image", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32)])
def test_other_arrays_are_refused(model, image):
    with pytest.raises(ValueError, match="image must be H×W×3 uint8"):
        model(image)


def test_the_mask_is_the_same_whether_uncertainty_is_asked_for_first(model, photo):
    first, second = model(photo), model(photo)
    assert first.uncertainty.any()
    np.testing.assert_array_equal(first.mask, second.mask)


def test_without_the_crf_the_mask_is_the_most_probable_class(path, photo):
    found = urn.load(path, crf=False)(photo)
    np.testing.assert_array_equal(found.mask, found.probabilities.argmax(axis=0))


def test_a_notebook_shows_the_mask_over_the_image(path):
    image = np.full((300, 1200, 3), 200, np.uint8)
    found = urn.load(path, fast=True)(image)
    shown = Image.open(io.BytesIO(found._repr_png_()))
    assert shown.format == "PNG" and shown.size == (640, 160)
    assert (found.overlay[found.mask == 0] == 200).all()
    assert (found.overlay[found.mask > 0] != 200).any(axis=-1).all()


def test_large_images_are_shrunk_whatever_the_working_size(copied):
    with_settings(copied.with_name("model.json"), working_size="original")
    model = urn.load(copied, fast=True)
    small, large = np.zeros((2, 1500, 2000, 3), np.uint8)[0], np.zeros((3000, 2000, 3), np.uint8)
    assert model(small).image.shape == small.shape
    found = model(large)
    assert found.image.shape[0] * found.image.shape[1] < 1 << 21
    assert found.mask.shape == (3000, 2000)


def test_fast_is_one_size_without_mirror_image_and_crf(path):
    settings = urn.load(path, fast=True, crf=True).settings
    assert settings.ratios == (1,) and not settings.flip and settings.crf
    assert settings.window == SETTINGS["window"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ratios": []}, "ratios: "),
        ({"ratios": [0.5, -1]}, r"ratios\.1: .*greater than 0"),
        ({"scales": [2]}, "scales: "),
        ({"stride": 65}, "a stride of 65 leaves gaps"),
        ({"working_size": "large"}, "working_size"),
        ({"windows": 3}, "windows"),
    ],
)
def test_settings_that_cannot_be_are_told(path, changes, sentence):
    with pytest.raises(UserError, match=f"the settings cannot be: .*{sentence}"):
        urn.load(path, **changes)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bundle_is_the_same_model(path, model, photo, tmp_path, compression):
    found = urn.load(bundled(path, tmp_path / "model.zip", compression))
    assert found.classes == model.classes and found.settings == model.settings
    np.testing.assert_array_equal(found(photo).mask, model(photo).mask)


class Code:
    run: ClassVar[list[str]] = []

    def __reduce__(self):
        return (self.run.append, ("run",))


def test_no_code_is_run(copied, tmp_path):
    torch.save({"state_dict": {}, "meta": Code()}, copied)
    for file in (copied, bundled(copied, tmp_path / "model.zip")):
        with pytest.raises(UserError, match=f"model {file} .*could be code to run"):
            urn.load(file)
    assert pickle.loads(pickle.dumps({})) == {} and not Code.run


def test_a_bundle_that_would_grow_is_refused(copied, tmp_path):
    copied.write_bytes(bytes(1 << 24))
    file = bundled(copied, tmp_path / "model.zip", zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match=f"bundle {file} cannot be used .*would grow"):
        urn.load(file)


def test_a_damaged_bundle_is_told(path, tmp_path):
    file = bundled(path, tmp_path / "model.zip")
    content = bytearray(file.read_bytes())
    content[2000:2600] = bytes(600)
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"bundle {file} cannot be used"):
        urn.load(file)


def test_what_a_model_lacks_is_told(copied, tmp_path):
    write_mask(tmp_path / "a.png", np.zeros((2, 2)))
    for file, sentence in (
        (tmp_path / "absent.pth", "there is no model .*absent"),
        (tmp_path, "there is no model"),
        (tmp_path / "a.png", r"lacks a\.json beside it"),
    ):
        with pytest.raises(UserError, match=sentence):
            urn.load(file)
    beside = copied.with_name("model.json")
    beside.write_text("[]")
    with pytest.raises(UserError, match=f"{beside} holds no settings"):
        urn.load(copied)
    beside.unlink()
    with pytest.raises(UserError, match=r"lacks model\.json .* snakemake -- results/"):
        urn.load(copied)


def test_a_model_without_names_of_classes_is_told(copied):
    stored = torch.load(copied, weights_only=True)
    stored["meta"]["classes"] = ["cat"]
    torch.save(stored, copied)
    with pytest.raises(UserError, match="does not name its classes"):
        urn.load(copied)


def test_settings_are_read_as_they_were_written(tmp_path):
    write_settings(tmp_path / "model.json", SETTINGS)
    found = settings_from((tmp_path / "model.json").read_text(), "a")
    assert found.resize == (160, 80) and found.ratios == (0.8, 1.0) and found.flip and found.crf
    with_settings(tmp_path / "model.json", later=True)
    with pytest.raises(UserError, match=r"a does not fit this version: later: "):
        settings_from((tmp_path / "model.json").read_text(), "a")
