"""docs/configuration.md names every key of the configuration, with its default."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from rules.plan.layouts import LAYOUTS
from rules.plan.layouts.base import Layout
from rules.plan.schema import documentation
from rules.plan.schema.sections import SECTIONS
from rules.plan.schema.whole import Configuration

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])


@pytest.fixture(scope="module")
def whole():
    return documentation.schema()


def documented():
    text = (REPOSITORY / "docs" / "configuration.md").read_text()
    found = re.findall(r"^\| `([^`]+)` \| (?:`([^`]*)` )?\|", text, re.MULTILINE)
    return {key: yaml.safe_load(default) if default else None for key, default in found}


def test_tables_and_json_schema_are_those_of_the_models(whole):
    remedy = "run make docs"
    document = documentation.DOCUMENT.read_text()
    assert documentation.with_tables(document, whole) == document, remedy
    assert documentation.JSON_SCHEMA.read_text() == documentation.json_text(whole), remedy


def test_tables_show_what_a_model_says(whole):
    changed = documentation.schema()
    changed["$defs"]["Responses"]["properties"]["window"] |= {"minimum": 64, "description": "wide"}
    document = documentation.DOCUMENT.read_text()
    made = documentation.with_tables(document, changed)
    row = "| `responses.window` | `512` | integer ≥ 64 | wide |"
    assert row in made and row not in document


def test_every_key_is_documented_and_no_other():
    expected = {*Configuration.model_fields}
    for section, model in SECTIONS.items():
        expected |= {f"{section}.{key}" for key in model.model_fields}
    for layout in LAYOUTS.values():
        expected |= {f"datasets.<name>.{key}" for key in layout.model_fields}
    found = documented()
    assert expected <= found.keys()
    assert {key.partition(".")[0] for key in found} == {*Configuration.model_fields}
    assert {key for key in found if key.startswith("datasets.")} <= expected | {"datasets"}


def test_every_key_of_the_configuration_file_is_described():
    def check(model, settings, where):
        for key, value in settings.items():
            field = model.model_fields[key]
            assert field.description, f"{where}{key}"
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                check(inner, value, f"{where}{key}.")

    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    check(Configuration, config, "")
    for name, entry in config["datasets"].items():
        check(LAYOUTS[entry["layout"]], entry, f"datasets.{name}.")
    assert all(field.description for key, field in Layout.model_fields.items() if key != "layout")


def test_documented_defaults_are_those_of_the_configuration():
    configuration = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    configuration |= yaml.safe_load((REPOSITORY / "slurm" / "site.yaml").read_text())
    for key, default in documented().items():
        if "<name>" in key:
            continue
        value = configuration
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if default is not None or not isinstance(value, dict | None):
            assert value == default, key


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("datasets.<name>.download", False),
        ("datasets.<name>.tags", "masks"),
        ("supervisions.<name>.pretended_underfitting", False),
    ],
)
def test_defaults_of_rows_are_those_of_their_models(key, default):
    assert documented()[key] == default


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target
