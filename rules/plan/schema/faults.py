"""What the models find wrong with a configuration, in sentences."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rules.plan.schema.model import Configuration
from rules.plan.schema.walk import keys_at

TYPES = {
    "int_type": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "string_type": "string",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
}
LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "greater than"),
    "less_than": ("lt", "less than"),
    "multiple_of": ("multiple_of", "a multiple of"),
}


def schema_faults(config: Mapping[str, Any]) -> list[str]:
    """What in a configuration is not as its models say; of one with a bad name, only the name."""
    try:
        Configuration.model_validate(config)
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda found: len(found["loc"]))
        found = [_Fault(detail, *_path(detail["loc"], config)) for detail in details]
        named = {(*fault.path, fault.error["input"]) for fault in found if fault.of_key}
        sound = [
            fault
            for fault in found
            if fault.of_key or not any(fault.path[: len(key)] == key for key in named)
        ]
        sentences = [*_missing(sound), *(s for fault in sound for s in _sentences(fault, config))]
        return list(dict.fromkeys(sentences))
    return []


class _Fault(NamedTuple):
    """An error of pydantic's, the keys that lead to it, and whether the last key is the fault."""

    error: ErrorDetails
    path: tuple[Any, ...]
    of_key: bool


def _missing(faults: Iterable[_Fault]) -> Iterator[str]:
    """Of keys that must be there and are not, those of a place together."""
    lacking: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for error, path, _ in faults:
        match error["type"]:
            case "missing":
                lacking[path[:-1]].append(path[-1])
            case "union_tag_not_found":
                lacking[path].append("layout")
            case "lacks":
                lacking[path] += error["ctx"]["keys"]
    for path, keys in lacking.items():
        yield f"config: {_place(path)} lacks the key {', '.join(map(repr, keys))}: add it"


def _place(path: Iterable[Any]) -> str:
    return ".".join(map(str, path)) or "the top level"


def infinite(value: Any, where: str = "") -> Iterator[str]:
    """Of the numbers in a configuration that are not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"config: {where} is {value}: it must be a finite number"
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from infinite(part, f"{where}.{key}".lstrip("."))
    if isinstance(value, list):
        for part in value:
            yield from infinite(part, where)


def not_among(where: str, value: Any, allowed: Iterable[Any], kind: str = "value") -> str:
    """A value that is none of those allowed, and what it may have meant."""
    options = [str(option) for option in allowed]
    close = get_close_matches(str(value), options, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"config: {where} has the unknown {kind} {value!r}: {hint}allowed: {', '.join(options)}"


def _sentences(fault: _Fault, config: Mapping[str, Any]) -> Iterator[str]:
    error, path, of_key = fault
    where = _place(path)
    value, kind, context = error["input"], error["type"], error.get("ctx", {})
    match kind:
        case "missing" | "union_tag_not_found" | "lacks":
            return
        case "extra_forbidden":
            *above, key = path
            yield not_among(_place(above), key, keys_at(above, config), "key")
        case "not_among":
            yield not_among(where, value, context["allowed"])
        case "union_tag_invalid":
            allowed = context["expected_tags"].replace("'", "").split(", ")
            yield not_among(f"{where}.layout", context["tag"], allowed)
        case "pattern":
            name = "the name " if of_key else ""
            yield f"config: {name}{value!r} in {where} must match {context['pattern']}"
        case "twice":
            yield f"config: {where} has {context['entry']!r} twice: name it once"
        case "too_short" | "too_long":
            limit, words = (
                ("min_length", "at least")
                if kind == "too_short"
                else (
                    "max_length",
                    "at most",
                )
            )
            yield (
                f"config: {where} is {_short(value)}: it must have {words} {context[limit]} "
                f"entries, not {len(value)}"
            )
        case _ if kind in TYPES:
            wanted = TYPES[kind]
            yield f"config: {where} is {_short(value)}: it must be of type {wanted}{_number(value)}"
        case _ if kind in LIMITS:
            limit, words = LIMITS[kind]
            if math.isfinite(value):  # else `infinite` says so
                yield f"config: {where} is {value!r}: it must be {words} {_plain(context[limit])}"
        case _:
            yield f"config: {where} is {_short(value)}: {error['msg']}"


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _path(location: Iterable[Any], config: Any) -> tuple[tuple[Any, ...], bool]:
    """The keys that lead to a value, and whether the fault is with a key.

    Where models differ by a tag, pydantic names that in between; keys that do not exist are the
    last of a path only.
    """
    path: list[Any] = []
    parts = list(location)
    here = config
    for place, part in enumerate(parts):
        if part == "[key]":
            return tuple(path[:-1]), True
        last = place == len(parts) - 1
        within = isinstance(here, Mapping) and part in here
        listed = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if within or listed:
            path.append(part)
            here = here[part]
        elif last:
            path.append(part)
    return tuple(path), False


def _number(value: Any) -> str:
    """What to write for a number that YAML takes for text, such as 1e-3."""
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    written = repr(number)  # YAML's exponents have a point before them and a sign
    written = written if "." in written else written.replace("e", ".0e")
    return f", and YAML takes {value} for text: write {written}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:70]} ..."
