"""The faults that a schema finds in a configuration, in sentences."""

import math
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator, ValidationError


def schema_faults(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What in a configuration is not as its schema says; of one value or name, only the worst."""
    found = map(_innermost, Draft202012Validator(schema).iter_errors(config))
    errors = sorted(found, key=lambda error: (len(error.path), error.validator != "type"))
    told: set[tuple[Any, ...]] = set()
    sentences: list[str] = []
    for error in errors:
        path = tuple(error.absolute_path)
        if any(path[:length] in told for length in range(1, len(path) + 1)):
            continue
        if "propertyNames" in error.absolute_schema_path:
            told.add((*path, error.instance))
        elif not isinstance(error.instance, Mapping):
            told.add(path)
        sentences += _sentences(error)
    return list(dict.fromkeys(sentences))


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


def _innermost(error: ValidationError) -> ValidationError:
    """The error inside an allOf/if that says what is wrong."""
    while error.context:
        error = min(error.context, key=lambda e: len(e.path))
    return error


def _sentences(error: ValidationError) -> Iterator[str]:
    where = ".".join(str(part) for part in error.absolute_path)
    value: Any = error.instance
    limit: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            for unknown in [key for key in value if key not in known]:
                yield not_among(where or "the top level", unknown, known, "key")
        case "required":
            missing = ", ".join(repr(key) for key in limit if key not in value)
            yield f"config: {where or 'the top level'} lacks the key {missing}: add it"
        case "enum":
            yield not_among(where, value, [*limit, *schema.get("examples", [])])
        case "pattern":
            yield f"config: the name {value!r} in {where} must match {limit.split('(?!')[0]}"
        case "type":
            kinds = limit if isinstance(limit, str) else " or ".join(limit)
            yield f"config: {where} is {_short(value)}: it must be of type {kinds}{_number(value)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            words = {"minimum": "at least", "maximum": "at most"}
            words |= {"exclusiveMinimum": "greater than", "exclusiveMaximum": "less than"}
            if math.isfinite(value):  # else `infinite` says so
                yield f"config: {where} is {value!r}: it must be {words[error.validator]} {limit}"
        case "minItems" | "maxItems":
            words = {"minItems": "at least", "maxItems": "at most"}
            yield (
                f"config: {where} is {_short(value)}: it must have {words[error.validator]} "
                f"{limit} entries, not {len(value)}"
            )
        case "uniqueItems":
            twice = next(entry for entry in value if value.count(entry) > 1)
            yield f"config: {where} has {twice!r} twice: name it once"
        case _:
            yield f"config: {where} is {_short(value)}: {error.message}"


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
