"""The configuration: checked before anything runs, and resolved for one dataset.

Imported by the Snakefile, also in every job: standard library and pydantic only.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rules.plan.schema import sections, values
from urn.datasets.ids import SPLITS as SPLITS
from urn.errors import raise_faults

REPOSITORY = Path(__file__).parents[2]
BACKBONES = values.BACKBONES
TIMM_BACKBONE = values.TIMM_BACKBONE
REFINERS = values.REFINERS
SECTIONS = tuple(sections.SECTIONS)


def check(config: Mapping[str, Any]) -> None:
    """Check that a configuration is as its models say, and does not contradict itself.

    Raises:
        UserError: one sentence for every fault, naming the key, its value and what is allowed.
    """
    from rules.plan import configuration_faults  # which resolves sections with this module

    raise_faults("the configuration", configuration_faults.faults(config))


def supervisions(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The supervisions by name, each with its `t` where it needs one.

    To the configuration's rows come those of `thresholds`, `measures` and `ablation.refiners`.
    """
    rows = {name: dict(row) for name, row in config["supervisions"].items()}
    for t in config["thresholds"]:
        rows[f"urn_t{t}"] = {**rows["urn"], "t": t}
    for name in config["measures"]:
        rows[f"urn_{name}"] = {**rows["urn"], "measure": name}
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


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
