"""Writes what follows from the models: the tables of docs/configuration.md, and the JSON schema.

    python -m rules.plan.schema.documentation

A table stands between `<!-- keys: NAMES -->` and `<!-- end -->`, and has the top level's keys of
these names with all below them. NAMES may also be `values`: the keys that are no section; or
`layouts`: a table for each.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from rules.plan.layouts import LAYOUTS
from rules.plan.layouts.base import Layout
from rules.plan.schema.editors import json_schema, resolved

REPOSITORY = Path(__file__).parents[3]
DOCUMENT = REPOSITORY / "docs" / "configuration.md"
JSON_SCHEMA = REPOSITORY / "docs" / "config.schema.json"
# Of these, the keys are explained by what they differ from.
REPEATED = ("archives", "pseudo_masks.by_refiner", "segmentation.by_backbone")
HEAD = ("| key | default | values | meaning |", "|---|---|---|---|")

Schema = Mapping[str, Any]


def schema() -> dict[str, Any]:
    """The JSON schema with the defaults that the repository has."""
    files = (REPOSITORY / "config.yaml", REPOSITORY / "slurm" / "site.yaml")
    defaults: dict[str, Any] = {}
    for file in files:
        defaults |= yaml.safe_load(file.read_text(encoding="utf-8"))
    return json_schema(defaults)


def json_text(whole: Schema) -> str:
    """The content of docs/config.schema.json."""
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def with_tables(document: str, whole: Schema) -> str:
    """A document whose tables are made anew."""

    def table(match: re.Match[str]) -> str:
        lines = "\n".join(_lines(match[1], whole))
        return f"<!-- keys: {match[1]} -->\n{lines}\n<!-- end -->"

    return re.sub(r"<!-- keys: ([^>]+) -->\n.*?<!-- end -->", table, document, flags=re.DOTALL)


def rows(whole: Schema, names: list[str]) -> Iterator[tuple[str, Schema]]:
    """Key and schema of the top level's keys of these names, and of all keys below them."""
    elsewhere = {part.get("$ref") for part in whole["properties"].values()}
    for name in names:
        part = whole["properties"][name]
        yield name, part
        yield from _below(whole, name, part, elsewhere - {part.get("$ref")})


def layout_rows(whole: Schema, layout: str, common: bool = False) -> Iterator[tuple[str, Schema]]:
    """The same of the keys that a layout has alone, or of those it has in common with all."""
    for name, part in whole["$defs"][LAYOUTS[layout].__name__]["properties"].items():
        if common == (name in Layout.model_fields):
            yield f"datasets.<name>.{name}", part


def _below(
    whole: Schema, prefix: str, part: Schema, elsewhere: set[str | None]
) -> Iterator[tuple[str, Schema]]:
    if prefix in REPEATED or part.get("$ref") in elsewhere - {None}:
        return
    inner = resolved(whole, part)
    for name, value in inner.get("properties", {}).items():
        yield f"{prefix}.{name}", value
        yield from _below(whole, f"{prefix}.{name}", value, elsewhere)
    for value in [inner.get("additionalProperties"), *inner.get("patternProperties", {}).values()]:
        if value and "$ref" in value:
            yield from _below(whole, f"{prefix}.<name>", value, elsewhere)


def _lines(names: str, whole: Schema) -> Iterator[str]:
    if names == "layouts":
        common = layout_rows(whole, next(iter(LAYOUTS)), common=True)
        yield from _table(whole, [("datasets", whole["properties"]["datasets"]), *common])
        for name, layout in LAYOUTS.items():
            description = layout.model_fields["layout"].description
            yield from ("", f"### layout `{name}`: {description}", "")
            yield from _table(whole, layout_rows(whole, name))
        return
    values = [
        name
        for name, part in whole["properties"].items()
        if resolved(whole, part).get("type") != "object"
    ]
    yield from _table(whole, rows(whole, values if names == "values" else names.split()))


def _table(whole: Schema, found: Iterable[tuple[str, Schema]]) -> Iterator[str]:
    yield from HEAD
    for name, part in found:
        default = part.get("default")
        written = "" if default is None else f"`{_flow(default)}`"
        if name == "datasets.<name>.layout":
            allowed, meaning = _words(LAYOUTS), "how its files are laid out: see below"
        else:
            allowed, meaning = values_of(resolved(whole, part)), part["description"]
        yield " ".join(f"| `{name}` | {written} | {allowed} | {meaning} |".split())


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("...\n").strip()


def values_of(part: Schema) -> str:
    """What a value may be, in a few words."""
    if "title" in part and part["title"] in ("backbone", "path"):
        return str(part["title"])
    if "enum" in part:
        return _words(part["enum"])
    if "anyOf" in part:
        return " or ".join(values_of(choice) for choice in part["anyOf"])
    match part.get("type"):
        case "integer" | "number" as kind:
            return " ".join([kind, _limits(part)]).strip()
        case "boolean":
            return "`true`, `false`"
        case "string":
            return "text"
        case "null":
            return "null"
        case "array":
            return _list(part)
        case _:
            return ""


def _words(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _limits(part: Schema) -> str:
    if "minimum" in part and "maximum" in part:
        return f"from {part['minimum']} to {part['maximum']}"
    signs = {
        "minimum": "≥",
        "exclusiveMinimum": ">",
        "exclusiveMaximum": "<",
        "multipleOf": "a multiple of",
    }
    return ", ".join(f"{sign} {part[name]}" for name, sign in signs.items() if name in part)


def _list(part: Schema) -> str:
    least, most = part.get("minItems", 0), part.get("maxItems")
    if least == most:
        count = f" of {least}"
    elif most:
        count = f" of {least} to {most}"
    else:
        count = f" of {least} or more" if least > 1 else ""
    return f"list{count}: {values_of(part['items'])}"


def main() -> None:
    """Write both files."""
    whole = schema()
    JSON_SCHEMA.write_text(json_text(whole), encoding="utf-8")
    document = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_tables(document, whole), encoding="utf-8")


if __name__ == "__main__":
    main()
