"""What a plan rests on: files and folders that the configuration names, and where results go.

Checked by the process that plans, of the datasets it plans for; no image is opened.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rules.plan import configuration, timm_names
from urn.errors import UserError, raise_faults

Dataset = Mapping[str, Any]


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
    named = (word.split("/")[1] for word in words if word.startswith("results/"))
    return [name for name in dict.fromkeys(named) if name in config["datasets"]] or [
        config["dataset"]
    ]


def _published_faults(config: Mapping[str, Any]) -> Iterator[str]:
    for section in ("archives", "pretrained"):
        for name, entry in config[section].items():
            path = entry.get("path")
            if path and not Path(path).is_file():
                yield f"config: {section}.{name}.path is {path!r}: there is no such file{_here()}"


def _results_faults() -> Iterator[str]:
    if Path("results").exists() and not Path("results").is_dir():
        yield f"results is a file{_here()}, where a folder is to be made: move it away"


def unwritable_results() -> str | None:
    """Why nothing can be written into results, if so."""
    if Path("results").is_dir() and not os.access("results", os.W_OK):
        return f"results cannot be written to{_here()}: change its permissions or its disk's"
    return None


def _dataset_faults(config: Mapping[str, Any], name: str) -> Iterator[str]:
    dataset, key = config["datasets"][name], f"datasets.{name}"
    index = Path("results") / name / "index.csv"
    if index.is_dir():
        yield f"{index} is a folder, where a file is to be made: move it away"
    own = configuration.resolve(config, name, "pseudo_masks")
    if own["refiner"] == "own":
        yield from _missing_folder(f"{key}.pseudo_masks.folder", own["folder"])
    match dataset["layout"]:
        case "folder":
            places = [*_folder_places(key, dataset)]
        case "voc":
            places = [*_voc_places(key, dataset)]
        case "coco":
            places = [*_coco_places(key, dataset)]
        case _:
            places = []
    yield from places
    if not places and not _made_by_rules(dataset):
        yield from _score_faults(key, dataset)


def _folder_places(key: str, dataset: Dataset) -> Iterator[str]:
    yield from _missing_folder(f"{key}.images", dataset["images"])
    if "masks" in dataset:
        yield from _missing_folder(f"{key}.masks", dataset["masks"])
    for split in configuration.SPLITS:
        if split in dataset and not Path(dataset[split]).is_file():
            yield _missing(f"{key}.{split}", dataset[split], "table")


def _voc_places(key: str, dataset: Dataset) -> Iterator[str]:
    if _made_by_rules(dataset):
        return
    lists = [Path(path) for path in configuration.lists(dataset)]
    root = Path(dataset["root"])
    if not root.is_dir():
        yield f"{_missing(f'{key}.root', str(root), 'folder')}, such as holds {lists[0]}"
        return
    for split, path in zip(configuration.SPLITS, lists, strict=True):
        if not path.is_file():
            yield _missing(f"{key}.{split}", str(path), "list")
    tagged = "Annotations" if dataset.get("tags", "masks") == "xml" else "SegmentationClass"
    for folder in ("JPEGImages", tagged):
        if not (root / folder).is_dir():
            yield _missing(f"{key}.root", str(root / folder), "folder")


def _coco_places(key: str, dataset: Dataset) -> Iterator[str]:
    root = Path(dataset["root"])
    listed = all(Path(path).is_file() for path in configuration.lists(dataset))
    if dataset.get("download", False) or listed:
        return
    for split in configuration.SPLITS:
        file = root / "annotations" / f"instances_{dataset[split]}.json"
        if not file.is_file():
            yield _missing(f"{key}.root and {key}.{split}", str(file), "file of annotations")


def _made_by_rules(dataset: Dataset) -> bool:
    """Whether lists and masks that are missing are made."""
    return dataset["layout"] in ("shapes", "coco") or dataset.get("download", False)


def _missing_folder(key: str, path: str) -> Iterator[str]:
    if "://" in path:
        yield f"{key} is {path!r}: fetch it into a folder and name that"
    elif not Path(path).is_dir():
        yield _missing(key, path, "folder")


def _missing(key: str, path: str, kind: str) -> str:
    return f"there is no {kind} {path}{_here()}: correct {key}"


def _here() -> str:
    return f" (in {Path.cwd()})"


def _score_faults(key: str, dataset: Dataset) -> Iterator[str]:
    """Of splits that are to be scored and have no image with a mask."""
    for split in configuration.evaluated(dataset):
        if any(_masks(dataset, split)):
            continue
        if not configuration.ids(dataset, split):
            yield (
                f"there is no {split} image to score, as {key} asks with `masks` or `evaluate`: "
                f"give images the split {split}, or drop the key"
            )
        else:
            yield (
                f"no {split} image has a mask to score against: set {key}.masks to their folder, "
                f"or drop {split} from {key}.evaluate"
            )


def _masks(dataset: Dataset, split: str) -> Iterator[bool]:
    """Whether an image of a split has a mask, for each."""
    if dataset["layout"] == "folder":
        folder = Path(dataset["masks"]) if "masks" in dataset else None
        for row in configuration.table(dataset["train"], dataset.get("val")):
            if row.split == split:
                named = bool(row.mask)
                yield named or (folder is not None and (folder / f"{row.id}.png").exists())
    else:
        for image_id in configuration.ids(dataset, split):
            yield (Path(dataset["root"]) / "SegmentationClass" / f"{image_id}.png").exists()
