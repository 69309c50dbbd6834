"""The configuration as JSON schema: for editors, and for the tables of docs/configuration.md."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rules.plan.schema.whole import Configuration


class _OfFiles(GenerateJsonSchema):
    """JSON schema of one of several files that are laid over each other: no key must be there."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Another file may have it."""
        return False

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """The layouts: an entry that leaves its layout to another file may be any of them."""
        return {"anyOf": [self.generate_inner(choice) for choice in schema["choices"].values()]}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Rows by name: with other names they are wrong, too."""
        found = super().dict_schema(schema)
        return found | {"additionalProperties": False} if "patternProperties" in found else found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """None is no default: it stands for a key that is left out."""
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Titles that repeat the key say nothing."""
        return False


def json_schema(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of a configuration file, with descriptions and defaults.

    Args:
        defaults: the content of config.yaml and slurm/site.yaml.
    """
    schema = Configuration.model_json_schema(schema_generator=_OfFiles)
    _add_defaults(schema, schema, defaults)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def resolved(whole: Mapping[str, Any], part: Any) -> dict[str, Any]:
    """A part of a JSON schema, or what it refers to."""
    reference = part.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = whole["$defs"][reference] if reference else part
    return found


def _add_defaults(whole: dict[str, Any], part: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Add the values of sections' keys; rows have none in common, nor have archives."""
    for key, value in defaults.items():
        inner = part["properties"][key]
        if not isinstance(value, Mapping) or not value:
            inner["default"] = value
        elif "$ref" in inner and key != "archives":
            _add_defaults(whole, resolved(whole, inner), value)
