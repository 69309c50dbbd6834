"""The configuration: checked before anything runs, and resolved for one dataset.

Imported by the Snakefile, also in every job: standard library, PyYAML and jsonschema only.
"""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from urn.datasets.coco import coco_list
from urn.datasets.ids import folder_ids, shapes_ids, voc_ids
from urn.errors import UserError

SPLITS = ("train", "val")
REPOSITORY = Path(__file__).parents[1]
SCHEMA = yaml.safe_load((REPOSITORY / "rules" / "config.schema.yaml").read_text())
BACKBONES: list[str] = SCHEMA["$defs"]["backbone"]["else"]["enum"]
TIMM_BACKBONE: str = SCHEMA["$defs"]["backbone"]["if"]["pattern"].strip("^$")
REFINERS: list[str] = SCHEMA["$defs"]["refiner"]["enum"]
CAM_REFINERS = [name for name in REFINERS if name != "own"]
SECTIONS = (
    "classification",
    "multi_crop",
    "pseudo_masks",
    "affinity",
    "segmentation",
    "responses",
    "uncertainty",
)


def check(config: Mapping[str, Any]) -> None:
    """Check a configuration against the schema and for names that refer to nothing.

    Raises:
        UserError: one sentence naming the key, its value and what is allowed.
    """
    errors = sorted(Draft202012Validator(SCHEMA).iter_errors(config), key=lambda e: len(e.path))
    if errors:
        raise UserError(_sentence(_innermost(errors[0])))
    if config["dataset"] not in config["datasets"]:
        raise UserError(_not_among("dataset", config["dataset"], config["datasets"]))
    if config["crf_backend"] == "pydensecrf" and find_spec("pydensecrf") is None:
        raise UserError(
            "config: crf_backend is 'pydensecrf', which is not installed: run make reference, or "
            "set it to 'auto'"
        )
    rows = supervisions(config)
    for name, row in rows.items():
        if row.get("weights", None) not in (None, *config["weightings"]):
            key = f"supervisions.{name}.weights"
            raise UserError(_not_among(key, row["weights"], config["weightings"]))
    for name, dataset in config["datasets"].items():
        pseudo_masks = resolve(config, name, "pseudo_masks")
        if pseudo_masks["refiner"] == "own" and "folder" not in pseudo_masks:
            raise UserError(
                f"config: datasets.{name}.pseudo_masks has the refiner 'own' but no 'folder': "
                "add the folder that holds <image id>.png for every train image"
            )
        classifiers = {
            "classification": resolve(config, name, "classification"),
            "multi_crop.classification": resolve_multi_crop(config, name),
        }
        affinity, responses = (resolve(config, name, key) for key in ("affinity", "responses"))
        for section, settings in (classifiers | {"affinity": affinity}).items():
            _check_batch(name, section, settings)
        for section, settings in (classifiers | {"responses": responses}).items():
            _check_windows(name, section, settings)
        for backbone, run in dataset["runs"].items():
            _check_batch(name, "segmentation", resolve(config, name, "segmentation", backbone))
            for supervision in run:
                if supervision not in rows:
                    key = f"datasets.{name}.runs.{backbone}"
                    raise UserError(_not_among(key, supervision, rows))


def _check_batch(dataset: str, section: str, settings: Mapping[str, Any]) -> None:
    gpus, step = settings["gpus"], settings["images_per_step"] or 1
    for key, divisor, number in (
        ("gpus", "nodes", settings["nodes"]),
        ("batch_size", "gpus", gpus),
        ("batch_size", "images_per_step" if gpus == 1 else "gpus × images_per_step", gpus * step),
    ):
        if settings[key] % number:
            raise UserError(
                f"config: {section}.{key} of dataset {dataset} is {settings[key]}: it must be a "
                f"multiple of {divisor}, {number}"
            )


def _check_windows(dataset: str, section: str, settings: Mapping[str, Any]) -> None:
    window, stride = settings["window"], settings["stride"]
    if window and stride > window:
        raise UserError(
            f"config: {section}.stride of dataset {dataset} is {stride}: it must be at most its "
            f"window, {window}, or pixels between windows are not seen"
        )


def supervisions(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The supervisions by name, each with its `t` where it needs one.

    To the configuration's rows come those of `thresholds`, `weightings` and `ablation.refiners`.
    """
    rows = {name: dict(row) for name, row in config["supervisions"].items()}
    for t in config["thresholds"]:
        rows[f"urn_t{t}"] = {**rows["urn"], "t": t}
    for name in config["weightings"]:
        rows[f"urn_{name}"] = {**rows["urn"], "weights": name}
    for name in config["ablation"]["refiners"]:
        rows[f"baseline_{name}"] = {**rows["baseline"], "refiner": name}
    for row in rows.values():
        row.setdefault("pretended_underfitting", False)
        if row["weighting"] == "uncertainty":
            row.setdefault("t", config["t"])
        else:
            row.pop("t", None)
    return rows


def threshold(config: Mapping[str, Any]) -> float:
    """The t of the supervision `urn`, at which tables and figures call a pixel uncertain."""
    return float(supervisions(config)["urn"].get("t", config["t"]))


def resolve(
    config: Mapping[str, Any], dataset: str, section: str, backbone: str | None = None
) -> dict[str, Any]:
    """A section as it holds for a dataset, and for a backbone where the section says so."""
    resolved = _laid_over(config[section], config["datasets"][dataset].get(section, {}))
    overrides = resolved.pop("by_backbone", {})
    return _laid_over(resolved, overrides.get(backbone, {}))


def resolve_multi_crop(config: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """The second classifier's settings: those of the first, but for what `multi_crop` says."""
    changes = resolve(config, dataset, "multi_crop")["classification"]
    return _laid_over(resolve(config, dataset, "classification"), changes)


def seeded(backbone: str, seed: int, plain: int) -> str:
    """The folder of a backbone's trainings with a seed; the seed `plain` goes unsaid."""
    return backbone if seed == plain else f"{backbone}-seed{seed}"


def split_seed(folder: str, plain: int) -> tuple[str, int]:
    """The backbone and the seed of a folder that `seeded` named."""
    backbone, _, seed = folder.partition("-seed")
    return backbone, int(seed) if seed else plain


def ids(dataset: Mapping[str, Any], split: str) -> list[str]:
    """The image ids of a dataset's split, read from one list or table.

    Raises:
        UserError: the list cannot be read.
    """
    match dataset["layout"]:
        case "shapes":
            return shapes_ids(split, dataset[split])
        case "voc" | "coco":
            return voc_ids(_list(dataset, split))
        case _:
            return folder_ids(dataset["train"], split, dataset.get("val"))


def lists(dataset: Mapping[str, Any], splits: Iterable[str] = SPLITS) -> list[str]:
    """The files from which `ids` reads; a split "test" has one in the layout `voc` only."""
    match dataset["layout"]:
        case "shapes":
            root = Path(dataset["root"]) / "ImageSets" / "Segmentation"
            return [str(root / f"{split}.txt") for split in splits]
        case "voc" | "coco":
            return [str(_list(dataset, split)) for split in splits]
        case _:
            return [dataset[split] for split in splits if split in dataset]


def _list(dataset: Mapping[str, Any], split: str) -> Path:
    if dataset["layout"] == "coco":
        return coco_list(dataset["root"], dataset[split])
    return Path(dataset["root"]) / dataset[split]


def source(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a dataset's entry that says what its data are, without how it is used."""
    return {
        key: value
        for key, value in dataset.items()
        if key not in (*SECTIONS, "teacher", "runs", "shard_size", "evaluate", "download")
    }


def evaluated(dataset: Mapping[str, Any]) -> list[str]:
    """The splits that have masks to compare with."""
    if dataset["layout"] == "folder":
        return dataset.get("evaluate", ["val"] if "masks" in dataset else [])
    return dataset.get("evaluate", list(SPLITS))


def shards(image_ids: list[str], size: int) -> dict[str, list[str]]:
    """Consecutive ids in shards of at most `size`, by the shard's number."""
    starts = range(0, len(image_ids), size)
    return {f"{n:05d}": image_ids[start : start + size] for n, start in enumerate(starts)}


@lru_cache
def code_version(*modules: str) -> str:
    """Fingerprint of what library modules (paths below urn/) do: comments do not count.

    Snakemake does not see edits to imported modules; as a parameter, this makes it rerun what
    they change.
    """
    digest = hashlib.sha256()
    for module in modules:
        path = REPOSITORY / "urn" / module
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(_without_docstrings(ast.parse(file.read_text())).encode())
    return digest.hexdigest()[:12]


def _without_docstrings(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            has_docstring = ast.get_docstring(node, clean=False) is not None
            node.body = node.body[has_docstring:]
    return ast.dump(tree)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _innermost(error: ValidationError) -> ValidationError:
    """The error inside an allOf/if that says what is wrong."""
    while error.context:
        error = min(error.context, key=lambda e: len(e.path))
    return error


def _sentence(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    value: Any = error.instance
    limit: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            unknown = next(key for key in value if key not in known)
            return _not_among(where or "the top level", unknown, known, "key")
        case "required":
            missing = next(key for key in limit if key not in value)
            return f"config: {where or 'the top level'} lacks the key {missing!r}: add it"
        case "enum":
            return _not_among(where, value, [*limit, *schema.get("examples", [])])
        case "pattern":
            return f"config: the name {value!r} in {where} must match {limit}"
        case "type":
            kinds = limit if isinstance(limit, str) else " or ".join(limit)
            return f"config: {where} is {value!r}: it must be of type {kinds}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            words = {"minimum": "at least", "maximum": "at most"}
            words |= {"exclusiveMinimum": "greater than", "exclusiveMaximum": "less than"}
            return f"config: {where} is {value!r}: it must be {words[error.validator]} {limit}"
        case _:
            return f"config: {where} is {value!r}: {error.message}"


def _not_among(where: str, value: Any, allowed: Iterable[Any], kind: str = "value") -> str:
    options = [str(option) for option in allowed]
    close = get_close_matches(str(value), options, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"config: {where} has the unknown {kind} {value!r}: {hint}allowed: {', '.join(options)}"
