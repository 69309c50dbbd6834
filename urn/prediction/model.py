"""A trained model, ready to predict."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from urn.datasets.index import BACKGROUND
from urn.errors import UserError
from urn.files.images import image_size, read_image
from urn.files.models import load_model, on_device
from urn.files.pictures import picture
from urn.mmsegmentation import EncoderDecoder
from urn.prediction.prediction import Prediction
from urn.prediction.settings import Settings, settings_from
from urn.segmentation.channels import select_channels
from urn.segmentation.inference import Views, logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor
from urn.working_size import WorkingSize

MODEL, SETTINGS = "model.pth", "model.json"  # names in a bundle
MOST_GROWTH = 4  # of a file that is unpacked: weights hardly shrink
TEXT = 1 << 20  # bytes that may come on top
DAMAGES = (zipfile.BadZipFile, zlib.error, LookupError, OSError, ValueError, RuntimeError, EOFError)
MOST_PIXELS = 1 << 22  # above them, images are never processed at their own size


class Model:
    """A function from images to predictions; `load` reads one from a file.

    Attributes:
        classes: their names by id, the background's first; "" for an id without a class.
        settings: what predictions depend on beside the model.
    """

    def __init__(
        self, network: EncoderDecoder, classes: tuple[str, ...], settings: Settings
    ) -> None:
        self.classes, self.settings = classes, settings
        self._network, self._device = logits_of(network), next(network.parameters()).device
        self._views = Views(
            ratios=settings.ratios,
            flip=settings.flip,
            scale=settings.resize,
            window=settings.window,
            stride=settings.stride,
        )

    def __call__(self, image: str | Path | Image.Image | np.ndarray) -> Prediction:
        """Predict an image.

        Args:
            image: a file's path; an image of Pillow's; or H×W×3 uint8 RGB.

        Raises:
            UserError: the file cannot be read.
            ValueError: the array is no image.
        """
        if isinstance(image, str | Path):
            size = image_size(image)
            pixels = read_image(image, self._working_size(size))
        else:
            shape = image.shape[:2] if isinstance(image, np.ndarray) else image.size
            pixels, size = picture(image, self._working_size(shape))
        response = predict_probabilities(self._network, pixels, self._views, self._device)
        labels, maps = select_channels(response, self.settings.minimum)
        # As a run's archives keep them, so that masks are the same.
        maps = maps.astype(np.float16)
        return Prediction(self.classes, size, self.settings, pixels, labels, maps)

    def _working_size(self, size: tuple[int, ...]) -> WorkingSize:
        """Bounded, whatever the image's size."""
        own = self.settings.working_size
        return "auto" if own == "original" and size[0] * size[1] > MOST_PIXELS else own


def load(path: str | Path, *, fast: bool = False, **changes: Any) -> Model:
    """Read a model: `model.pth` of a run, with `model.json` beside it, or a bundle, `model.zip`.

    No code in the file is executed. The model is on torch's current GPU if there is one.

    Args:
        path: the file.
        fast: one size of the image, no mirror image and no CRF, unless `changes` say otherwise.
        changes: of the settings that the model was evaluated with, by their names in
            `urn.prediction.settings.Settings`.

    Raises:
        UserError: the file is missing or damaged, or a setting cannot be.

    Example:
        >>> model = urn.load("results/shapes/resnet18/urn/model.pth")
        >>> prediction = model("photo.jpg")
        >>> prediction.mask.shape, prediction.classes[prediction.mask.max()]
    """
    path = Path(path)
    with _opened(path) as (weights, settings):
        network, meta = load_model(weights, _built, str(path))
    classes = meta.get("classes")
    if not isinstance(classes, list) or len(classes) + 1 != meta["build"]["num_classes"]:
        raise UserError(f"model {path} does not name its classes: train it again")
    on_device(network)
    names = (BACKGROUND, *map(str, classes))
    return Model(network, names, settings.changed(fast, **changes))


def _built(meta: dict[str, Any]) -> nn.Module:
    return build_segmentor(**meta["build"], pretrained=False)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Path, Settings]]:
    """The file of a model's weights, and its settings."""
    if not path.is_file():
        raise UserError(f"there is no model {path}: name a model.pth of a run, or a model.zip")
    if not zipfile.is_zipfile(path) or not _has_settings(path):
        yield path, _settings_beside(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as bundle:
                for name in (MODEL, SETTINGS):
                    part = bundle.getinfo(name)
                    if part.file_size > MOST_GROWTH * part.compress_size + TEXT:
                        raise ValueError(f"{name} would grow when it is unpacked")
                    bundle.extract(name, folder)
        except DAMAGES as error:
            raise UserError(f"bundle {path} cannot be used ({error}): get it again") from None
        text = Path(folder, SETTINGS).read_bytes()
        yield Path(folder, MODEL), settings_from(text, f"{SETTINGS} in {path}")


def _has_settings(path: Path) -> bool:
    """Whether a zip file is a bundle; PyTorch's files are zip files, too."""
    try:
        with zipfile.ZipFile(path) as file:
            return SETTINGS in file.namelist()
    except (zipfile.BadZipFile, ValueError):
        return False


def _settings_beside(path: Path) -> Settings:
    beside = path.with_suffix(".json")
    try:
        text = beside.read_bytes()
    except OSError:
        made = f"results/<dataset>/<backbone>/<supervision>/{SETTINGS}"
        raise UserError(
            f"model {path} lacks {beside.name} beside it, which says how to look at images: copy "
            f"it there from its run, whose folder gets it by snakemake -- {made}"
        ) from None
    return settings_from(text, str(beside))
