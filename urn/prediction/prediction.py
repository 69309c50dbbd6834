"""What a model makes of an image."""

import io
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from urn.files.images import palette
from urn.prediction.settings import Settings
from urn.refinement import crf_mask
from urn.uncertainty import ScaledResponse, response_scaling
from urn.working_size import enlarge_labels, enlarged, nearest

SHOWN = 640  # pixels of the longer side of the picture in a notebook
OPACITY = 0.6  # of a mask's colours over its image


@dataclass(frozen=True, eq=False)
class Prediction:
    """An image's mask, the probabilities of the classes, and how uncertain the mask is.

    All three have the image's own size, and are computed when they are first asked for. A notebook
    shows the mask over the image.

    Attributes:
        classes: their names by id, the background's first; "" for an id without a class.
        size: the image's height and width, H, W.
        settings: what the prediction depends on beside the model.
        image: h×w×3 uint8 RGB, at the working size.
        labels: ids of the K classes that may be anywhere, uint8, ascending.
        maps: their probabilities, K×h×w float16.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    settings: Settings = field(repr=False)
    image: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    maps: np.ndarray = field(repr=False)

    @cached_property
    def mask(self) -> np.ndarray:
        """H×W uint8 class ids."""
        return enlarge_labels(self.working_mask, self.size)

    @property
    def probabilities(self) -> np.ndarray:
        """C×H×W float32 in [0, 1], before the CRF; 0 for classes that are probable nowhere."""
        found = np.zeros((len(self.classes), *self.size), np.float32)
        for rows, band in enlarged(self._response, self.size):
            found[self.labels, rows] = band
        return found

    @property
    def uncertainty(self) -> np.ndarray:
        """U, H×W float32 in [0, 1], by response scaling: 1 is the most uncertain pixel."""
        return nearest(self.scaled.uncertainty, self.size)

    @cached_property
    def working_mask(self) -> np.ndarray:
        """The mask at the working size, h×w uint8."""
        if not self.settings.crf:
            return self.labels[self._response.argmax(axis=0)]
        if "scaled" in vars(self):  # whose mask is of the same CRF
            return self.scaled.mask
        backend = self.settings.crf_backend
        return crf_mask(self.image, self._response, self.labels, backend=backend)

    @cached_property
    def scaled(self) -> ScaledResponse:
        """Response scaling at the working size."""
        settings = self.settings
        return response_scaling(
            self.image, self._response, settings.scales, self.labels, settings.crf_backend
        )

    @property
    def _response(self) -> np.ndarray:
        return self.maps.astype(np.float32)

    @property
    def overlay(self) -> np.ndarray:
        """The mask in its colours over the image, h×w×3 uint8 at the working size."""
        colours = palette()[self.working_mask]
        blended = (self.image * (1 - OPACITY) + colours * OPACITY).astype(np.uint8)
        return np.where(self.working_mask[..., None] > 0, blended, self.image)

    def _repr_png_(self) -> bytes:
        shown = Image.fromarray(self.overlay)
        shown.thumbnail((SHOWN, SHOWN))
        written = io.BytesIO()
        shown.save(written, "PNG")
        return written.getvalue()
