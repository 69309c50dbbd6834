"""Whether timm has the models that a configuration names, without the seconds of importing it."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PREFIX = "timm:"


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Of names that no model of timm has; none where timm is not installed, as for conda's jobs."""
    asked = {name: key for key, name in _names(config)}
    spec = find_spec("timm") if asked else None
    if spec is None or spec.origin is None:
        return
    sources = sorted((Path(spec.origin).parent / "models").glob("*.py"))
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    models = re.findall(r"^@register_model\s+def (\w+)\(", text, re.MULTILINE)
    for name, key in asked.items():
        model = name.removeprefix(PREFIX).partition(".")[0]
        # A model's older names stand in tables, in quotes.
        if model not in models and f"'{model}'" not in text:
            close = [PREFIX + other for other in get_close_matches(model, models, n=3)]
            meant = f": did you mean {' or '.join(close)}?" if close else ""
            yield f"config: {key} is {name!r}: timm has no model of this name{meant}"


def _names(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Key and name of every model of timm: the values of `backbone`, and the names of rows."""
    if isinstance(value, str) and value.startswith(PREFIX):
        yield where, value
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _names(part, f"{where}.{key}".lstrip("."))
            if str(key).startswith(PREFIX):
                yield where, key
