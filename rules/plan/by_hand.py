"""Published files that only a person can fetch: what to say of those that a run lacks."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rules.plan.paths import DOWNLOADS

# Sections of a dataset by the rules that start from ImageNet weights.
SECTIONS = {
    "train_classifier": "classification",
    "train_multi_crop_classifier": "multi_crop.classification",
    "train_affinity": "affinity",
    "train_segmentation": "segmentation",
}


def without_address(config: Mapping[str, Any]) -> dict[str, str]:
    """The keys of published files that have no address, by where they are to be put."""
    return {
        f"{DOWNLOADS}/{entry['name']}": f"{section}.{name}"
        for section in ("archives", "pretrained")
        for name, entry in config[section].items()
        if not entry["urls"]
    }


def sentences(
    config: Mapping[str, Any], users: Mapping[str, Collection[tuple[str, str]]]
) -> Iterator[str]:
    """What is missing, where it is to be had, where to put it, and how to do without.

    Args:
        config: the configuration.
        users: of every missing file, the datasets and rules that ask for it.
    """
    for file, key in without_address(config).items():
        if file in users:
            section, name = key.split(".")
            entry = config[section][name]
            places = sorted({_place(dataset, rule) for dataset, rule in users[file]})
            what = f"the ImageNet weights of {name}" if section == "pretrained" else "an archive"
            where = f"from {entry['page']} " if entry.get("page") else ""
            instead = ""
            if section == "pretrained":
                instead = "; or start there from another backbone, or with `pretrained: none`"
            yield (
                f"{entry['name']}, {what}, asked for by {' and '.join(places)}, has no address: "
                f"fetch it {where}by hand and put it at {file}, or name your copy as {key}.path"
                f"{instead}"
            )


def _place(dataset: str, rule: str) -> str:
    """Where the configuration, or else which rule, asks for a file."""
    return f"datasets.{dataset}.{SECTIONS[rule]}" if rule in SECTIONS else f"the rule {rule}"
