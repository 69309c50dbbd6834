"""Types of values, and the base of all sections."""

import re
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from urn import registry

BACKBONES = list(registry.BACKBONES)
TIMM_BACKBONE = "timm:[A-Za-z0-9_.]+"
REFINERS = [*registry.REFINERS, "own"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class Section(BaseModel):
    """Keys with values of the very types that stand in the YAML; no others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Choice:
    """Of a string: one of some words, or what matches a pattern, which a hint explains."""

    def __init__(self, *allowed: str, pattern: str | None = None, hint: str | None = None) -> None:
        self.allowed = allowed
        self.pattern = pattern
        self.told = [*allowed, *([hint] if hint else [])]

    def _check(self, value: Any) -> Any:
        fits = self.pattern and isinstance(value, str) and re.fullmatch(self.pattern, value)
        if not fits and (not isinstance(value, str) or value not in self.allowed):
            raise PydanticCustomError("not_among", "not among", {"allowed": self.told})
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        words: JsonSchemaValue = {"type": "string", "enum": list(self.allowed)}
        if not self.pattern:
            return words
        return {"anyOf": [words, {"type": "string", "pattern": f"^{self.pattern}$"}]}


def _check_working_size(value: Any) -> Any:
    if isinstance(value, str) and value not in ("auto", "original"):
        allowed = ["auto", "original", "pixels of the longer side"]
        raise PydanticCustomError("not_among", "not among", {"allowed": allowed})
    if not isinstance(value, str) and (isinstance(value, bool) or not isinstance(value, int)):
        raise PydanticCustomError("int_type", "not an integer")
    if isinstance(value, int) and value < 32:
        raise PydanticCustomError("greater_than_equal", "too small", {"ge": 32})
    return value


def _check_unique(value: Any) -> Any:
    for entry in value if isinstance(value, list) else []:
        if value.count(entry) > 1:
            raise PydanticCustomError("twice", "twice", {"entry": entry})
    return value


def _check_name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(NAME, value):
        raise PydanticCustomError("pattern", "no name", {"pattern": NAME})
    return value


def _check_stride(value: Any) -> Any:
    if isinstance(value, bool) or value not in (8, 16, 32):
        raise PydanticCustomError("not_among", "not among", {"allowed": [8, 16, 32]})
    return value


class _Matching:
    """Of a string: what a pattern is found in."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def _check(self, value: Any) -> Any:
        if isinstance(value, str) and not re.search(self.pattern, value):
            raise PydanticCustomError("pattern", "does not match", {"pattern": self.pattern})
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": self.pattern}


Name = Annotated[
    str, BeforeValidator(_check_name), WithJsonSchema({"type": "string", "pattern": NAME})
]
Path = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Batch = Annotated[int, Field(ge=1, le=4096)]
Seed = Annotated[int, Field(ge=0, le=4294967295)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Side = Annotated[int, Field(ge=32)]
ShardSize = Annotated[int, Field(ge=1, le=100)]
WorkingSize = Annotated[
    str | int,
    BeforeValidator(_check_working_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": ["auto", "original"]},
                {"type": "integer", "minimum": 32},
            ]
        }
    ),
]
Backbone = Annotated[str, Choice(*BACKBONES, pattern=TIMM_BACKBONE, hint="timm:<name>")]
Refiner = Annotated[str, Choice(*REFINERS)]
OutputStride = Annotated[
    int,
    BeforeValidator(_check_stride),
    WithJsonSchema({"type": "integer", "enum": [8, 16, 32]}),
]
Precision = Annotated[str, Choice("float32", "bfloat16", "float16")]
Pretrained = Annotated[str, Choice("imagenet", "none")]
Counts = Annotated[list[Count], Field(min_length=2, max_length=2)]
Pair = Annotated[list[Positive], Field(min_length=2, max_length=2)]
Scales = Annotated[list[Positive], Field(min_length=1)]
ResponseScales = Annotated[list[Positive], Field(min_length=2), BeforeValidator(_check_unique)]
Unique = BeforeValidator(_check_unique)
Classes = Annotated[list[str], Field(min_length=1, max_length=254), Unique]
Splits = Annotated[list[Annotated[str, Choice("train", "val")]], Unique]
Runs = Annotated[
    dict[Backbone, Annotated[list[str], Field(min_length=1), Unique]], Field(min_length=1)
]
Address = Annotated[str, _Matching("^https?://")]
SHA256 = Annotated[str, _Matching("^[0-9a-f]{8,64}$")]
MD5 = Annotated[str, _Matching("^[0-9a-f]{32}$")]
