"""The models of the configuration, their errors in sentences, and their JSON schema."""

import copy
import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import Field

from rules.plan.schema import documentation, sentences
from rules.plan.schema.values import Model, Name, Positive, Unique, WorkingSize, key
from rules.plan.schema.whole import Configuration

REPOSITORY = Path(__file__).parents[1]
FILES = ["config.yaml", "slurm/site.yaml", *sorted(REPOSITORY.glob("docs/configurations/*.yaml"))]


class Inner(Model):
    number: int | None = key("a number", ge=2)
    factor: Positive = key("a factor")


class Outer(Model):
    word: Literal["one", "two"]
    size: WorkingSize = key("a size")
    inner: Inner = key("a section")
    rows: dict[Name, Inner] = key("rows")
    entries: Annotated[list[Name], Field(max_length=2), Unique()] = key("entries")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"inner": {"number": None}}, []),
        ({"size": "original", "rows": {"a": {"number": 2}}}, []),
        ({"wrd": 1}, ["the top level has the unknown key 'wrd': did you mean 'word'? allowed: "]),
        ({5: 1}, ["the top level has the unknown key 5: allowed: word, size"]),
        ({"word": "tow"}, ["word has the unknown value 'tow': did you mean 'two'? allowed: one, "]),
        ({"word": [1]}, ["word has the unknown value [1]: allowed: one, two"]),
        ({"size": True}, ["size is True: it must be of type integer"]),
        ({"inner": None}, ["inner is None: it must be of type object"]),
        ({"inner": {"number": "2"}}, ["inner.number is '2': it must be of type integer or null"]),
        ({"inner": {"number": 2.0}}, ["inner.number is 2.0: it must be of type integer or null"]),
        ({"inner": {"number": 1}}, ["inner.number is 1: it must be at least 2"]),
        ({"inner": {"factor": 0}}, ["inner.factor is 0: it must be greater than 0"]),
        ({"inner": {"factor": True}}, ["inner.factor is True: it must be of type number"]),
        ({"rows": {"a b": {"no": 1}}}, ["the name 'a b' in rows must match ^[A-Za-z0-9]"]),
        ({"[key]": 1}, ["the top level has the unknown key '[key]': allowed: word"]),
        ({"rows": {"[key]": 5}}, ["the name '[key]' in rows must match ^[A-Za-z0-9]"]),
        ({"inner": {"[key]": 5}}, ["inner has the unknown key '[key]': allowed: number, factor"]),
        ({"rows": {7: {}}}, ["rows has the name 7: it must be text: quote it"]),
        ({"rows": {"a": {"no": 1}}}, ["rows.a has the unknown key 'no': allowed: number, factor"]),
        ({"entries": ["a", "b", "a"]}, ["entries is ['a', 'b', 'a']: it must have at most 2 ent"]),
        ({"entries": ["a", "a"]}, ["entries has 'a' twice: name it once"]),
        (
            {"entries": ["a", 1]},
            ["entries.1 is 1: it must be of type string, and YAML takes words"],
        ),
        ({"entries": [False, "a"]}, ["entries.0 is False: it must be of type string, and YAML ta"]),
        (
            {"word": "x", "inner": {"a": 1, "b": 2}},
            ["word has the unknown", "inner has the unknown key 'a'", "inner has the unknown key"],
        ),
    ],
)
def test_errors_are_sentences(changes, told):
    found = sentences.faults({"word": "one", **changes}, Outer)
    assert len(found) == len(told), found
    for sentence, part in zip(found, told, strict=True):
        assert sentence.startswith(f"config: {part}")


def test_missing_keys_share_a_sentence():
    class Three(Outer):
        first: int
        second: int

    (sentence,) = sentences.faults({}, Three)
    assert sentence == "config: the top level lacks the key 'first', 'second', 'word': add it"


@pytest.fixture(scope="module")
def config():
    files = (REPOSITORY / "config.yaml", REPOSITORY / "slurm" / "site.yaml")
    return {key: value for f in files for key, value in yaml.safe_load(f.read_text()).items()}


def without(config, path):
    changed = copy.deepcopy(config)
    *above, last = path.split(".")
    inner = changed
    for part in above:
        inner = inner[part]
    del inner[last]
    return changed


@pytest.mark.parametrize(
    "path",
    [
        *(
            "seed",
            "datasets",
            "supervisions.urn",
            "supervisions.baseline",
            "supervisions.urn.masks",
        ),
        *("measures.voc_scales.scales", "ablation.seeds", "archives.sbd", "archives.sbd.urls"),
        *("pretrained.resnet101.format", "site.stages.cams", "site.gpus", "datasets.voc.layout"),
        *("datasets.voc.root", "datasets.coco.teacher", "datasets.shapes.runs"),
    ],
)
def test_keys_that_must_be_there_are_named(config, path):
    where, _, last = path.rpartition(".")
    (sentence,) = sentences.faults(without(config, path), Configuration)
    assert sentence == f"config: {where or 'the top level'} lacks the key {last!r}: add it"


def test_validation_leaves_the_configuration_as_it_is(config):
    before = json.dumps(config)
    assert sentences.faults(config, Configuration) == []
    assert json.dumps(config) == before


def json_schema():
    schema = json.loads(documentation.JSON_SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_json_schema_knows_the_files_that_name_it(file):
    path = REPOSITORY / file
    first, _, _ = path.read_text().partition("\n")
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == documentation.JSON_SCHEMA
    assert not list(json_schema().iter_errors(yaml.safe_load(path.read_text())))


@pytest.mark.parametrize(
    "config",
    [
        {"tt": 1},
        {"t": 2},
        {"segmentation": {"crop": "320"}},
        {"working_size": "small"},
        {"classification": {"backbone": "vgg16"}},
        {"measures": {"mine": {"method": "urn"}}},
        {"thresholds": [0.1, 0.1]},
        {"datasets": {"mine": {"layout": "coc"}}},
        {"datasets": {"mine": {"layout": "folder", "root": "here"}}},
        {"datasets": {"a b": {}}},
    ],
    ids=str,
)
def test_the_json_schema_finds_mistakes(config):
    assert list(json_schema().iter_errors(config))


def test_the_json_schema_takes_what_a_file_leaves_to_others():
    for config in (
        {},
        {"datasets": {"shapes": {"shard_size": 20}}},
        {"classification": {"backbone": "timm:resnet18"}},
        {"datasets": {"shapes": {"segmentation": {"by_backbone": {"resnet18": {"crop": 64}}}}}},
    ):
        assert not list(json_schema().iter_errors(config))
