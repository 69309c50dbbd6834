"""The kinds of values that keys of the configuration have.

Snakemake imports pydantic itself, so that it costs a job nothing.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from urn import registry

BACKBONES = list(registry.BACKBONES)
REFINERS = [*registry.REFINERS, "own"]
TIMM_BACKBONE = r"timm:[A-Za-z0-9_.]+"
SIZES = ("auto", "original")


class Model(BaseModel):
    """Keys of a mapping: no others may be there, and no value is taken for another type's."""

    # Models are built when they first check something: most jobs never do.
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True
    )


def key(description: str, **limits: Any) -> Any:
    """A key that may be left out; if it is in a section, config.yaml has its default."""
    return Field(default=None, description=description, **limits)


def not_among(*allowed: str) -> PydanticCustomError:
    """The error of a value that is none of those allowed."""
    return PydanticCustomError("not_among", "none of those allowed", {"allowed": list(allowed)})


@dataclass(frozen=True)
class Unique:
    """Of a list: no entry may be there twice."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check after the entries are checked."""
        return core_schema.no_info_after_validator_function(_unique, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """As JSON schema has it."""
        return {**handler(schema), "uniqueItems": True}


def _unique(entries: list[Hashable]) -> list[Hashable]:
    for entry in entries:
        if entries.count(entry) > 1:
            raise PydanticCustomError("twice", "an entry is there twice", {"entry": entry})
    return entries


class OneOf:
    """Of a string: one of some words that are listed elsewhere."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def _check(self, value: Any) -> Any:
        if not isinstance(value, str) or value not in self.words:
            raise not_among(*self.words)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check before the type is checked."""
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """As JSON schema has it."""
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True)
class OrAuto:
    """Of a number: or `auto`.

    Attributes:
        number: what it is, for a sentence.
    """

    number: str

    def _check(self, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, str):
            return check(value)
        if value != "auto":
            raise not_among("auto", self.number)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check a number as it would be checked alone."""
        return core_schema.no_info_wrap_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """As JSON schema has it."""
        return {"anyOf": [{"enum": ["auto"]}, handler(schema)]}


def _backbone(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
    known = isinstance(value, str) and (
        value in BACKBONES or re.fullmatch(TIMM_BACKBONE, value) is not None
    )
    if not known:
        raise not_among(*BACKBONES, "timm:<name>")
    return value


def _size_or_number(value: Any, number: ValidatorFunctionWrapHandler) -> Any:
    if not isinstance(value, str):
        return number(value)
    if value not in SIZES:
        raise not_among(*SIZES, "pixels of the longer side")
    return value


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, Field(min_length=1)]
Path = Annotated[Text, Field(title="path")]
Count = Annotated[int, Field(ge=1)]
Iterations = Annotated[int, Field(ge=1), OrAuto("a number of iterations")]
Processes = Annotated[int, Field(ge=1), OrAuto("a number of processes")]
Images = Annotated[int, Field(ge=1), OrAuto("a number of images")]
ImagesOfHead = Annotated[int, Field(ge=2), OrAuto("a number of images")]
Side = Annotated[int, Field(ge=32)]
PlannedSide = Annotated[int, Field(ge=32), OrAuto("a number of pixels")]
PlannedSideOfGrid = Annotated[int, Field(ge=32, multiple_of=8), OrAuto("a number of pixels")]
Seed = Annotated[int, Field(ge=0, le=4294967295)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Alpha = Annotated[float, Field(gt=0), OrAuto("a positive number")]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
ShardSize = Annotated[int, Field(ge=1, le=100)]
WorkingSize = Annotated[
    int,
    Field(ge=32),
    WrapValidator(_size_or_number),
    WithJsonSchema({"anyOf": [{"enum": [*SIZES]}, {"type": "integer", "minimum": 32}]}),
]
Backbone = Annotated[
    str,
    WrapValidator(_backbone),
    WithJsonSchema(
        {
            "title": "backbone",
            "anyOf": [{"enum": BACKBONES}, {"type": "string", "pattern": f"^{TIMM_BACKBONE}$"}],
        }
    ),
]
Refiner = Annotated[str, OneOf(*REFINERS)]
MeasureMethod = Annotated[str, OneOf(*registry.MEASURES)]
CrfBackend = Literal["auto", "numba", "torch", "pydensecrf"]
Split = Literal["train", "val"]
OutputStride = Literal[8, 16, 32]
Precision = Literal["float32", "bfloat16", "float16"]
Pretrained = Literal["imagenet", "none"]
Dilations = Literal["segmentation", "classifier"]
CompetingClasses = Literal["tagged", "all"]
PcmInitialisation = Literal["xavier", "published"]
ResponseLabels = Literal["tags", "pseudo_mask", "all"]
Factors = Annotated[list[Positive], Field(min_length=1)]
ResponseScales = Annotated[list[Positive], Field(min_length=2), Unique()]
PixelRange = Annotated[
    list[Count], Field(min_length=2, max_length=2), OrAuto("two numbers of pixels")
]
Range = Annotated[list[Positive], Field(min_length=2, max_length=2)]
Classes = Annotated[list[str], Field(min_length=1, max_length=254), Unique()]
Splits = Annotated[list[Split], Unique()]
Runs = Annotated[
    dict[Backbone, Annotated[list[str], Field(min_length=1), Unique()]], Field(min_length=1)
]
