"""What a plan rests on: files and folders that the configuration names, and where results go.

Checked by the process that plans, of the datasets it plans for; no image is opened.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rules.plan import configuration, layouts, people, timm_names
from rules.plan.layouts.base import Layout
from rules.plan.layouts.places import here, missing_folder
from rules.plan.paths import RESULTS, Paths
from urn.errors import UserError, raise_faults

PARTS = ("", "_test")  # of a dataset, each prepared by the name prepare_<dataset><part>


def check(config: Mapping[str, Any], words: Sequence[str]) -> None:
    """Check that what the configuration names is there.

    Args:
        config: checked by `configuration.check`.
        words: of the command line, which say what datasets are asked for.

    Raises:
        UserError: one sentence for every fault, with the key.
    """
    found = [*timm_names.faults(config), *_published_faults(config), *_results_faults()]
    for name in asked(config, words):
        try:
            problems = list(_dataset_faults(config, name))
        except UserError as error:
            problems = [str(error)]
        found += [f"dataset {name}: {problem}" for problem in problems]
    raise_faults("the configuration", found)


def asked(config: Mapping[str, Any], words: Iterable[str]) -> list[str]:
    """The datasets of which results are asked for; without any, the configured one."""
    prepared = {f"prepare_{name}{part}": name for name in config["datasets"] for part in PARTS}
    named = (
        word.split("/")[1] if word.startswith(f"{RESULTS}/") else prepared.get(word, "")
        for word in words
    )
    return [name for name in dict.fromkeys(named) if name in config["datasets"]] or [
        config["dataset"]
    ]


def _published_faults(config: Mapping[str, Any]) -> Iterator[str]:
    for section in ("archives", "pretrained"):
        for name, entry in config[section].items():
            path = entry.get("path")
            if path and not Path(path).is_file():
                yield f"config: {section}.{name}.path is {path!r}: there is no such file{here()}"


def _results_faults() -> Iterator[str]:
    if Path(RESULTS).exists() and not Path(RESULTS).is_dir():
        yield f"{RESULTS} is a file{here()}, where a folder is to be made: move it away"


def unwritable_results() -> str | None:
    """Why nothing can be written into results, if so."""
    if Path(RESULTS).is_dir() and not os.access(RESULTS, os.W_OK):
        return f"{RESULTS} cannot be written to{here()}: change its permissions or its disk's"
    return None


def _dataset_faults(config: Mapping[str, Any], name: str) -> Iterator[str]:
    dataset, key = config["datasets"][name], f"datasets.{name}"
    index = Paths(name).index()
    if Path(index).is_dir():
        yield f"{index} is a folder, where a file is to be made: move it away"
    own = configuration.resolve(config, name, "pseudo_masks")
    if own["refiner"] == "own":
        yield from missing_folder(f"{key}.pseudo_masks.folder", own["folder"])
    layout = layouts.of(dataset)
    places = list(layout.faults(key))
    yield from places
    if not places:
        yield from people.faults(key, layout)
    if not places and not layout.made_by_rules:
        yield from _score_faults(key, layout)


def _score_faults(key: str, layout: Layout) -> Iterator[str]:
    """Of splits that are to be scored and have no image with a mask."""
    for split in layout.evaluated:
        if any(layout.has_mask(split)):
            continue
        if not layout.ids(split):
            yield (
                f"there is no {split} image to score, as {key} asks with `masks` or `evaluate`: "
                f"give images the split {split}, or drop the key"
            )
        else:
            yield (
                f"no {split} image has a mask to score against: set {key}.masks to their folder, "
                f"or drop {split} from {key}.evaluate"
            )
