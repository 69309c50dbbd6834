"""What is wrong with a configuration: by its models, and in what it says of itself.

Every check yields sentences; those of a dataset's settings yield (key, problem), so that one of
several datasets is told once.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from itertools import chain, combinations
from typing import Any

from rules.plan import configuration, layouts
from rules.plan.schema import sentences
from rules.plan.schema.sections import SECTIONS, PretendedUnderfitting
from rules.plan.schema.sentences import not_among
from rules.plan.schema.whole import Configuration
from urn.datasets.index import check_classes
from urn.errors import UserError
from urn.registry import TRACKERS

Config = Mapping[str, Any]
Settings = Mapping[str, Any]
Problem = tuple[str, str]


def faults(config: Config) -> list[str]:
    """All that is wrong with a configuration; what needs sound keys only where they are."""
    found = sentences.faults(config, Configuration)
    return found or [*_missing_defaults(config)] or [*_contradictions(config)]


def _contradictions(config: Config) -> Iterator[str]:
    datasets = config["datasets"]
    if config["dataset"] not in datasets:
        yield not_among("dataset", config["dataset"], datasets)
    if config["crf_backend"] == "pydensecrf" and find_spec("pydensecrf") is None:
        yield (
            "config: crf_backend is 'pydensecrf', which is not installed: run make reference, or "
            "set it to 'auto'"
        )
    missing = [name for name in TRACKERS.get(config["tracking"], ()) if find_spec(name) is None]
    if missing:
        yield (
            f"config: tracking is {config['tracking']!r}, but {missing[0]} is not installed: run "
            f"pip install 'urn-wsss[{config['tracking']}]' (from a checkout, '.[...]'), or set it "
            "to null"
        )
    yield from _supervision_faults(config)
    yield from _shared_files(datasets)
    for name, dataset in datasets.items():
        yield from _source_faults(config, name, dataset)
        yield from _run_faults(config, name, dataset)
    alike: dict[Problem, list[str]] = defaultdict(list)
    for name in datasets:
        for fault in dict.fromkeys(_setting_faults(config, name)):
            alike[fault].append(name)
    for (key, problem), names in alike.items():
        name, *others = names
        also = f" (and so of {', '.join(others)})" if others else ""
        yield f"config: {key} of dataset {name} {problem}{also}"


def _missing_defaults(config: Config) -> Iterator[str]:
    """Of keys that a section lacks, which only config.yaml can give."""
    for name, section in SECTIONS.items():
        keys = [key for key in section.model_fields if key != "folder"]
        for missing in [key for key in keys if key not in config[name]]:
            yield f"config: {name} lacks the key {missing!r}: add it"
    puf = config["segmentation"].get("pretended_underfitting", {})
    for missing in PretendedUnderfitting.model_fields.keys() - puf.keys():
        yield f"config: segmentation.pretended_underfitting lacks the key {missing!r}: add it"


def _supervision_faults(config: Config) -> Iterator[str]:
    own = config["supervisions"]
    for name, row in own.items():
        if row.get("measure", None) not in (None, *config["measures"]):
            key = f"supervisions.{name}.measure"
            yield not_among(key, row["measure"], config["measures"])
    made = chain(
        ((f"urn_t{t}", "a value of thresholds") for t in config["thresholds"]),
        ((f"urn_{name}", f"measures.{name}") for name in config["measures"]),
        ((f"baseline_{name}", "ablation.refiners") for name in config["ablation"]["refiners"]),
    )
    makers: dict[str, str] = {name: f"supervisions.{name}" for name in own}
    for name, maker in made:
        if makers.setdefault(name, maker) != maker:
            yield (
                f"config: {makers[name]} and {maker} both make the supervision {name!r}: "
                "rename the first"
            )


def _shared_files(datasets: Mapping[str, Settings]) -> Iterator[str]:
    """Of two datasets whose rules would make the same files."""
    for (one, first), (other, second) in combinations(datasets.items(), 2):
        if layouts.of(first).made_files() & layouts.of(second).made_files():
            yield (
                f"config: datasets {one} and {other} have the same root {second['root']!r}, into "
                "which files are made for both: give each its own"
            )


def _source_faults(config: Config, name: str, dataset: Settings) -> Iterator[str]:
    key = f"config: datasets.{name}"
    pseudo_masks = configuration.resolve(config, name, "pseudo_masks")
    if pseudo_masks["refiner"] == "own" and "folder" not in pseudo_masks:
        yield (
            f"{key}.pseudo_masks has the refiner 'own' but no 'folder': "
            "add the folder that holds <image id>.png for every train image"
        )
    if isinstance(dataset["train"], str) and dataset["train"] == dataset.get("val"):
        yield f"{key} has {dataset['train']!r} as train and as val: give val other images"
    try:
        check_classes(dataset.get("classes", ["any"]))
    except UserError as error:
        yield f"{key}.classes: {error}"


def _run_faults(config: Config, name: str, dataset: Settings) -> Iterator[str]:
    rows = configuration.supervisions(config)
    for backbone, run in dataset["runs"].items():
        for supervision in run:
            if supervision not in rows:
                yield not_among(f"datasets.{name}.runs.{backbone}", supervision, rows)
    baseline = dataset.get("baseline_row", "baseline")
    if baseline not in rows:
        yield not_among(f"datasets.{name}.baseline_row", baseline, rows)


def _setting_faults(config: Config, dataset: str) -> Iterator[Problem]:
    sections = {
        "classification": configuration.resolve(config, dataset, "classification"),
        "multi_crop.classification": configuration.resolve_multi_crop(config, dataset),
        "affinity": configuration.resolve(config, dataset, "affinity"),
    }
    for section, settings in sections.items():
        yield from _batch_faults(section, settings)
        yield from _order_faults(f"{section}.long_side", settings["long_side"])
        if section != "affinity":
            yield from _window_faults(section, settings)
    responses = configuration.resolve(config, dataset, "responses")
    yield from _window_faults("responses", responses)
    scored = "val" in layouts.of(config["datasets"][dataset]).evaluated
    for backbone in config["datasets"][dataset]["runs"]:
        settings = configuration.resolve(config, dataset, "segmentation", backbone)
        yield from _batch_faults("segmentation", settings)
        yield from _order_faults("segmentation.ratios", settings["ratios"])
        rate, least = settings["learning_rate"], settings["min_learning_rate"]
        if least > rate:
            problem = f"is {least}: it must be at most the learning_rate, {rate}"
            yield "segmentation.min_learning_rate", problem
        if settings["evaluate_every"] and not scored:
            problem = "but no masks of val images are configured: add `masks`, or write 0"
            yield "segmentation.evaluate_every", f"is {settings['evaluate_every']}, {problem}"


def _batch_faults(section: str, settings: Settings) -> Iterator[Problem]:
    nodes, images = settings["nodes"], settings["images_per_step"]
    step = images if isinstance(images, int) else 1
    auto = settings["gpus"] == "auto"  # divides the batch: at the least, by one for every node
    name, gpus = ("nodes", nodes) if auto else ("gpus", settings["gpus"])
    numbers = {"gpus": gpus, "batch_size": settings["batch_size"]}
    for key, divisor, number in (
        ("gpus", "nodes", nodes),
        ("batch_size", name, gpus),
        (
            "batch_size",
            "images_per_step" if gpus == 1 else f"{name} × images_per_step",
            gpus * step,
        ),
    ):
        if numbers[key] % number:
            problem = f"is {numbers[key]}: it must be a multiple of {divisor}, {number}"
            yield f"{section}.{key}", problem


def _window_faults(section: str, settings: Settings) -> Iterator[Problem]:
    window, stride = settings["window"], settings["stride"]
    if window and stride > window:
        yield (
            f"{section}.stride",
            f"is {stride}: it must be at most its window, {window}, or pixels between windows are "
            "not seen",
        )


def _order_faults(key: str, pair: list[float] | str) -> Iterator[Problem]:
    if isinstance(pair, list) and pair[0] > pair[1]:
        yield key, f"is {pair}: the smaller number comes first"
