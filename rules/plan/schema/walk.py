"""The models' fields, found by the keys of a configuration."""

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from rules.plan.schema.fields import Section
from rules.plan.schema.model import Configuration


def keys_at(path: Sequence[Any], config: Mapping[str, Any]) -> list[str]:
    """The keys that may stand at a place of a configuration."""
    model: Any = Configuration
    here: Any = config
    for part in path:
        annotation = model.model_fields[part].annotation if _is_section(model) else model
        model = annotation if _is_section(model) else _rows(annotation)
        here = here[part]
        options = sections(model)
        if len(options) > 1:
            layout = here.get("layout") if isinstance(here, Mapping) else None
            options = [
                m for m in options if layout in get_args(m.model_fields["layout"].annotation)
            ]
        model = options[0] if options else model
    return list(model.model_fields)


def described(model: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a model and of those in it, depth first; rows of a table as <name>."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field
        annotation = field.annotation
        rows = _rows(annotation)
        inside = f"{prefix}{name}.{'<name>.' if rows is not annotation else ''}"
        for section in sections(rows):
            yield from described(section, inside)


def sections(annotation: Any) -> list[type[Section]]:
    """The models that a value may be of."""
    if _is_section(annotation):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, UnionType):
        parts = get_args(annotation)
        parts = parts[:1] if get_origin(annotation) is Annotated else parts
        return [section for part in parts for section in sections(part)]
    return []


def _tags(model: type[Section]) -> tuple[Any, ...]:
    """What the key `layout` may be in a model."""
    return get_args(model.model_fields["layout"].annotation)


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _rows(annotation: Any) -> Any:
    """What the values of a table are; anything else as it is."""
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return get_args(plain)[1] if get_origin(plain) is dict else annotation
