"""What Snakemake's laying of configuration files over each other leaves to do."""

from collections.abc import Iterator, Mapping, MutableMapping
from os.path import expanduser
from typing import Any

from urn.errors import UserError


def settle(config: MutableMapping[str, Any], given: Mapping[str, Any]) -> None:
    """Finish a merged configuration, in place.

    `threshold` becomes `t`, of which it is another name; a dataset's `runs` replace those it had
    before, where Snakemake adds to them; and ~ in a path becomes the home folder.

    Args:
        config: all files and --config, merged.
        given: --configfile and --config alone, merged.

    Raises:
        UserError: `t` and `threshold` are given, and differ.
    """
    if "threshold" in config:
        beside = given if "threshold" in given else config
        threshold = config.pop("threshold")
        if "t" in beside and beside["t"] != threshold:
            raise UserError(
                f"config: t is {beside['t']} but threshold, another name of it, is {threshold}: "
                "give one of them"
            )
        config["t"] = threshold
    datasets = _mapping(config, "datasets")
    for name, changes in _mapping(given, "datasets").items():
        if isinstance(changes, Mapping) and "runs" in changes and name in datasets:
            datasets[name]["runs"] = changes["runs"]
    for dataset in datasets.values():
        _expand_home(dataset)
        _expand_home(_mapping(dataset, "pseudo_masks"), "folder")
    _expand_home(_mapping(config, "pseudo_masks"), "folder")
    for section in ("archives", "pretrained"):
        for entry in _mapping(config, section).values():
            _expand_home(entry, "path")


def shadowed(base: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Of given datasets that have the name of another one in config.yaml, in sentences."""
    below = _mapping(base, "datasets")
    for name, dataset in _mapping(given, "datasets").items():
        layouts = [_mapping(datasets, name).get("layout") for datasets in (below, {name: dataset})]
        if name in below and layouts[1] not in (None, layouts[0]):
            yield (
                f"config: datasets.{name} of layout {layouts[1]!r} would be laid over the dataset "
                f"{name!r} of config.yaml, of layout {layouts[0]!r}: give it another name"
            )


def _mapping(config: Any, key: str) -> Any:
    """The mapping at a key, or an empty one: what has another type is told of later."""
    value = config.get(key) if isinstance(config, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _expand_home(settings: Any, *keys: str) -> None:
    """Of the values at these keys, or at all: no value but a path begins with ~."""
    if isinstance(settings, MutableMapping):
        for key in keys or list(settings):
            if str(settings.get(key)).startswith("~"):
                settings[key] = expanduser(settings[key])
