"""Documents say what the configuration's models do, and their links lead somewhere."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from rules.plan.schema import documentation
from rules.plan.schema.model import Configuration
from rules.plan.schema.walk import described

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
EXAMPLES = [REPOSITORY / "config.yaml", *(REPOSITORY / "docs" / "configurations").glob("*.yaml")]


def test_tables_and_schema_are_those_of_the_models():
    """Otherwise: make docs."""
    text = documentation.DOCUMENT.read_text()
    assert documentation.document(text) == text
    assert documentation.SCHEMA.read_text() == documentation.schema()


def test_every_key_stands_in_a_table_and_means_something():
    found = re.findall(
        r"^\| `([^`]+)` \|(?:.*) \| ([^|]+) \|$", documentation.DOCUMENT.read_text(), re.M
    )
    assert {key for key, _ in found} == {key for key, _ in documentation.explained()}
    assert all(meaning.strip() for _, meaning in found)
    assert all(field.description for _, field in described(Configuration))


def test_tables_give_the_defaults_of_the_configuration():
    defaults = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    text = documentation.DOCUMENT.read_text()
    assert f"| `segmentation.crop` | `{defaults['segmentation']['crop']}` |" in text
    assert f"| `t` | `{defaults['t']}` |" in text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_schema_takes_what_the_models_take(example):
    validator = Draft202012Validator(json.loads(documentation.SCHEMA.read_text()))
    content = yaml.safe_load(example.read_text())
    assert not list(validator.iter_errors(content))
    assert list(validator.iter_errors({**content, "sed": 1}))
    reference = example.read_text().splitlines()[0].partition("$schema=")[2]
    assert (example.parent / reference).resolve() == documentation.SCHEMA


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target
