"""What a model finds wrong with a mapping, in sentences: key, value, what is allowed, the fix."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from inspect import get_annotations
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

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
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("greater than", "gt"),
    "less_than": ("less than", "lt"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}


class Fault(NamedTuple):
    """One error of pydantic's, where a reader of the configuration would look for it.

    Attributes:
        path: keys down to the value; of a key's name, to the mapping in which it stands.
        kind: pydantic's name of the error, or one of our own.
        value: what is wrong.
        allowed: the annotation of what may be there.
        context: numbers and names that belong to the error.
        is_name: whether a key is wrong and not a value.
    """

    path: tuple[str | int, ...]
    kind: str
    value: Any
    allowed: Any
    context: Mapping[str, Any]
    is_name: bool = False


def faults(config: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    """All that is wrong with a configuration, outermost first; of what a bad name holds, nothing.

    Missing keys of one mapping share a sentence.
    """
    try:
        model.model_validate(config)
    except ValidationError as error:
        found = [_fault(model, detail) for detail in error.errors(include_url=False)]
    else:
        return []
    bad_names: set[tuple[Any, ...]] = {(*f.path, f.value) for f in found if f.is_name}
    sound = [
        f for f in found if not any(f.path[:n] in bad_names for n in range(1, len(f.path) + 1))
    ]
    lacking: dict[tuple[str | int, ...], list[str]] = defaultdict(list)
    for fault in sound:
        lacking[fault.path] += fault.context.get("keys", [])
    told = (_sentence(f, lacking[f.path]) for f in sorted(sound, key=lambda f: len(f.path)))
    return list(dict.fromkeys(told))


def not_among(where: str, value: Any, allowed: Iterable[Any], kind: str = "value") -> str:
    """A value that is none of those allowed, and what it may have meant."""
    options = [str(option) for option in allowed]
    close = get_close_matches(str(value), options, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"config: {where} has the unknown {kind} {value!r}: {hint}allowed: {', '.join(options)}"


def _fault(model: type[BaseModel], detail: Mapping[str, Any]) -> Fault:
    kind, value, context = detail["type"], detail["input"], dict(detail.get("ctx", {}))
    parts = list(detail["loc"])
    is_name = False
    if kind in ("extra_forbidden", "invalid_key"):
        name = parts.pop()
        kind, value = "unknown_key", name if kind == "extra_forbidden" else value
    elif kind == "missing":
        kind, context = "lacks", {"keys": [parts.pop()]}
    elif parts[-1:] == ["[key]"] and _is_mapping(model, parts[:-2]):
        is_name = True
        del parts[-2:]
    path, allowed = _followed(model, parts)
    if is_name:
        allowed = _arguments(allowed)[0]
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        tag = str(context["discriminator"]).strip("'")
        context = {"keys": [tag], "allowed": [*_by_tag(allowed)]}
        kind = "lacks"
        if tag in value:
            path, kind, value, context["keys"] = (*path, tag), "not_among", value[tag], []
    return Fault(path, kind, value, allowed, context, is_name)


def _followed(model: type[BaseModel], parts: Iterable[str | int]) -> tuple[tuple[Any, ...], Any]:
    """The keys among the parts of a place, and the annotation of what stands there."""
    path: list[str | int] = []
    allowed: Any = model
    for part in parts:
        inner = _bare(allowed)
        if len(models := _by_tag(inner)) > 1:  # the next part only says which of them
            allowed = models[part]
            continue
        path.append(part)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            allowed = _annotation(inner, part)
        else:
            allowed = _arguments(inner)[-1]
    return tuple(path), allowed


def _is_mapping(model: type[BaseModel], parts: Iterable[str | int]) -> bool:
    """Whether rows by name stand at a place."""
    return get_origin(_bare(_followed(model, parts)[1])) is dict


def _annotation(model: type[BaseModel], name: str | int) -> Any:
    return model.model_fields[str(name)].annotation


def _bare(annotation: Any) -> Any:
    """An annotation without its limits, and without None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        some = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(some[0]) if len(some) == 1 else annotation
    return annotation


def _arguments(annotation: Any) -> tuple[Any, ...]:
    return get_args(_bare(annotation))


def _by_tag(annotation: Any) -> dict[Any, type[BaseModel]]:
    """The models of a union by the value of `layout` that tells them apart."""
    models = [m for m in _arguments(annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
    return {get_args(_annotation(m, "layout"))[0]: m for m in models if "layout" in m.model_fields}


def _sentence(fault: Fault, lacking: list[str]) -> str:
    where = ".".join(map(str, fault.path)) or "the top level"
    value, short = fault.value, _short(fault.value)
    match fault.kind:
        case "unknown_key":
            return not_among(where, value, _bare(fault.allowed).model_fields, "key")
        case "lacks":
            own = get_annotations(fault.allowed) if isinstance(fault.allowed, type) else {}
            keys = sorted(lacking, key=lambda key: key not in own)  # inherited ones come last
            return f"config: {where} lacks the key {', '.join(map(repr, keys))}: add it"
        case "not_among":
            return not_among(where, value, fault.context["allowed"])
        case "literal_error":
            return not_among(where, value, get_args(_bare(fault.allowed)))
        case "string_pattern_mismatch":
            pattern = fault.context["pattern"]
            return f"config: the name {value!r} in {where} must match {pattern}"
        case "twice":
            return f"config: {where} has {fault.context['entry']!r} twice: name it once"
        case "finite_number":
            named = ".".join(str(part) for part in fault.path if isinstance(part, str))
            return f"config: {named} is {value}: it must be a finite number"
        case "string_too_short":
            return f"config: {where} is {short}: it must not be empty"
        case kind if kind in TYPES and fault.is_name:
            return f"config: {where} has the name {value!r}: it must be text: quote it"
        case kind if kind in TYPES:
            wanted = TYPES[kind] + " or null" * (type(None) in get_args(fault.allowed))
            return f"config: {where} is {short}: it must be of type {wanted}{_taken(value, wanted)}"
        case kind if kind in LIMITS:
            words, name = LIMITS[kind]
            return f"config: {where} is {value!r}: it must be {words} {_plain(fault.context[name])}"
        case kind if kind in LENGTHS:
            words, name = LENGTHS[kind]
            return (
                f"config: {where} is {short}: it must have {words} {fault.context[name]} entries, "
                f"not {len(value)}"
            )
        case kind:
            return f"config: {where} is {short}: {kind.replace('_', ' ')}"


def _plain(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) else str(limit)


def _taken(value: Any, wanted: str) -> str:
    """What to write for a scalar that YAML takes for another type than the one wanted."""
    if wanted.startswith("string") and not isinstance(value, dict | list):
        return ", and YAML takes words such as NO, null or 1 for other types: quote it"
    if wanted.startswith("boolean") and str(value).lower() in ("true", "false"):
        return f": without quotes in a file, {str(value).capitalize()} after --config"
    return _number(value)


def _number(value: Any) -> str:
    """What to write for a number that is text, such as 1e-3 for YAML."""
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    if value.lstrip("+-").isdigit():  # quoted, or inside braces after --config
        return f", and this {value} is text: write it without quotes, in a file for --configfile"
    written = repr(number)  # YAML's exponents have a point before them and a sign
    written = written if "." in written else written.replace("e", ".0e")
    return f", and YAML takes {value} for text: write {written}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:70]} ..."
