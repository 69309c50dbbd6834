"""How a model is used: at which sizes it looks at an image, and what is made of its response.

A run writes these settings beside the model, as model.json.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from urn.errors import UserError
from urn.files.atomic import atomic_path

KEY = "prediction"  # the settings' place in the file, which may hold more

Side = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Settings:
    """What a prediction depends on beside the model and the image.

    Attributes:
        resize: long and short side of the image at a ratio of 1, see
            `urn.segmentation.inference.Views`, as are the next four.
        ratios: sizes of the image.
        window: side of the sliding windows, in pixels.
        stride: step between them, at most their side.
        flip: whether mirror images are averaged in.
        minimum: see `urn.segmentation.channels.select_channels`.
        working_size: see `urn.working_size`.
        crf: whether a dense CRF makes the mask; otherwise it is the most probable class.
        crf_backend: see `urn.crf.DenseCRF`.
        scales: exponents of response scaling, see `urn.uncertainty.response_scaling`.
    """

    resize: tuple[Side, Side]
    ratios: Annotated[tuple[Positive, ...], Field(min_length=1)]
    window: Side
    stride: Side
    minimum: Annotated[float, Field(ge=0, le=1)]
    working_size: Side | Literal["auto", "original"]
    scales: Annotated[tuple[Positive, ...], Field(min_length=2)]
    crf_backend: Literal["auto", "numba", "torch", "pydensecrf"] = "auto"
    flip: bool = True
    crf: bool = True

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if self.stride > self.window:
            raise ValueError(f"a stride of {self.stride} leaves gaps: at most the window's side")

    def changed(self, fast: bool = False, **changes: Any) -> "Settings":
        """The same with other values.

        Args:
            fast: one size, no mirror image and no CRF, unless `changes` say otherwise.
            changes: values by name.

        Raises:
            UserError: a value cannot be.
        """
        quick = {"ratios": (1.0,), "flip": False, "crf": False} if fast else {}
        return _checked(asdict(self) | quick | changes, "the settings cannot be")


_SETTINGS = TypeAdapter(Settings)


def _checked(values: Any, problem: str) -> Settings:
    try:
        return _SETTINGS.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "values"
        raise UserError(f"{problem}: {place}: {first['msg']}") from None


def write_settings(path: str | Path, values: Mapping[str, Any]) -> None:
    """Write the settings with these values, whole or not at all.

    Raises:
        UserError: a value cannot be.
    """
    settings = _checked(dict(values), f"{path} cannot be written")
    text = json.dumps({KEY: asdict(settings)}, indent=2, ensure_ascii=False)
    with atomic_path(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


def settings_from(text: str | bytes, name: str) -> Settings:
    """Read what `write_settings` wrote.

    Args:
        name: what messages call it.

    Raises:
        UserError: it holds no settings, or others than this version knows.
    """
    try:
        values = json.loads(text)[KEY]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError(f"{name} holds no settings of predictions: make it again") from None
    return _checked(values, f"{name} does not fit this version")
