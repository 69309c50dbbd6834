"""docs/configuration.md names every key of the schema, with the default of config.yaml."""

import re
from pathlib import Path

import pytest
import yaml

from rules.plan.configuration import SCHEMA

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
# What may stand there is explained once, with the section of which it is a part.
REPEATED = (
    "archives.",
    "site.",
    "segmentation.by_backbone.",
    "pseudo_masks.by_refiner.",
    "multi_crop.classification.",
)


def resolved(schema):
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def keys(schema, prefix=""):
    schema = resolved(schema)
    branches = [schema, *(branch["then"] for branch in schema.get("allOf", []))]
    for branch in branches:
        for name, part in branch.get("properties", {}).items():
            yield prefix + name
            if not prefix.startswith("datasets."):
                yield from keys(part, f"{prefix}{name}.")
    rows = schema.get("additionalProperties")
    if "properties" in resolved(rows):
        yield from keys(rows, f"{prefix}<name>.")


def documented():
    text = (REPOSITORY / "docs" / "configuration.md").read_text()
    found = re.findall(r"^\| `([^`]+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE)
    return {key: yaml.safe_load(default) if default else None for key, default in found}


def test_every_key_is_documented_and_no_other():
    expected = {key for key in keys(SCHEMA) if not key.startswith(REPEATED)}
    assert expected == set(documented())


def test_documented_defaults_are_those_of_the_configuration():
    configuration = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    for key, default in documented().items():
        value = configuration
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if default is not None or not isinstance(value, dict | None):
            assert value == default, key


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target
