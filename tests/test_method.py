"""docs/method.md names functions and keys that are there, with the values that the keys have."""

import re
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from rules.plan import configuration

REPOSITORY = Path(__file__).parents[1]
LINES = (REPOSITORY / "docs" / "method.md").read_text().splitlines()
ROWS = [
    [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
    for line in LINES
    if line.startswith("| ") and not line.startswith(("| published", "| ours"))
]
KEYS = [(row[1], *row[2:4]) for row in ROWS if row[1]]


@pytest.fixture(scope="module")
def config():
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def value(config, dataset, key):
    if "." not in key:
        return config["datasets"][dataset][key]
    if key.startswith("multi_crop.classification."):
        return configuration.resolve_multi_crop(config, dataset)[key.rpartition(".")[2]]
    section, *rest = key.split(".")
    return reduce(
        lambda inner, part: inner[part], rest, configuration.resolve(config, dataset, section)
    )


@pytest.mark.parametrize(("key", "voc", "coco"), KEYS, ids=[key for key, *_ in KEYS])
def test_keys_have_the_values_of_the_table(config, key, voc, coco):
    assert voc or coco
    for dataset, said in (("voc", voc), ("coco", coco)):
        if said:
            assert value(config, dataset, key) == yaml.safe_load(said)


def test_every_function_is_there():
    for *_, code in ROWS:
        name, path = re.fullmatch(r"\[`([\w.]+)`\]\(\.\./([\w/]+)\.py\)", code).groups()
        module = import_module(path.removesuffix("/__init__").replace("/", "."))
        reduce(getattr, name.split("."), module)
