"""Writes what is made of the models: the tables of docs/configuration.md, config.schema.json.

    python -m rules.plan.schema.documentation

The tables stand between comments, `<!-- keys of ... -->` and `<!-- end -->`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from rules.plan import layouts
from rules.plan.schema.model import Checkpoint, Configuration, General
from rules.plan.schema.walk import described

REPOSITORY = Path(__file__).parents[3]
DOCUMENT = REPOSITORY / "docs" / "configuration.md"
SCHEMA = REPOSITORY / "config.schema.json"
# What may stand there is explained once, with the section of which it is a part.
REPEATED = (
    *("archives.", "site.", "segmentation.by_backbone.", "pseudo_masks.by_refiner."),
    "multi_crop.classification.",
)
Row = tuple[str, str]


def main() -> None:
    """Write both."""
    DOCUMENT.write_text(document(DOCUMENT.read_text()))
    SCHEMA.write_text(schema())


def document(text: str) -> str:
    """The document with its tables made anew."""
    defaults = yaml.safe_load((REPOSITORY / "config.yaml").read_text())

    def table(found: re.Match[str]) -> str:
        rows = "\n".join(_row(key, text, defaults) for key, text in _rows(found[1].split(", ")))
        head = "| key | default | meaning |\n|---|---|---|"
        return f"<!-- keys of {found[1]} -->\n{head}\n{rows}\n<!-- end -->"

    return re.sub(r"<!-- keys of ([\w, ]+) -->\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def schema() -> str:
    """For editors. A file may leave out what config.yaml has, so that nothing is required of it."""
    whole: dict[str, Any] = Configuration.model_json_schema()
    for model in (whole, *whole["$defs"].values()):
        model.pop("required", None)
    # What has no layout may be laid over any dataset of config.yaml.
    (entry,) = whole["properties"]["datasets"]["patternProperties"].values()
    entry["anyOf"] = entry.pop("oneOf")
    entry.pop("discriminator")
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def explained() -> Iterator[Row]:
    """Every key that the tables explain, and what it means; those of datasets once."""
    for key, field in described(Configuration):
        if not key.startswith((*REPEATED, "datasets.", "pretrained.")):
            yield key, field.description or ""
    for key, field in described(Checkpoint, "pretrained.<name>."):
        yield key, field.description or ""
    yield from _dataset_keys()


def _rows(parts: list[str]) -> Iterator[Row]:
    """The keys of some sections, or the `general` ones that are no sections."""
    plain = [name for name, field in General.model_fields.items() if "." not in name]
    tables = ("supervisions", "measures", "ablation", "archives", "pretrained", "site", "datasets")
    general = [name for name in plain if name not in tables]
    wanted = general if parts == ["general"] else parts
    return (row for row in explained() if row[0].split(".")[0] in wanted)


def _dataset_keys() -> Iterator[Row]:
    """With the layouts that have a key, where not all have it alike."""
    meanings: dict[str, dict[str, list[str]]] = {"layout": {}}
    known = {name: layout.entry_model for name, layout in layouts.LAYOUTS.items()}
    for name, model in known.items():
        for key, field in model.model_fields.items():
            meanings.setdefault(key, {}).setdefault(field.description or "", []).append(name)
    for key, texts in meanings.items():
        whole = [names for names in texts.values() if len(names) == len(known)]
        told = (
            t if whole else f"{', '.join(f'`{n}`' for n in names)}: {t}"
            for t, names in texts.items()
        )
        yield f"datasets.<name>.{key}", "; ".join(told)


def _row(key: str, meaning: str, defaults: Any) -> str:
    value = defaults
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    shown = ""
    if value is not None and not (isinstance(value, dict) and value):
        shown = yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]
    return f"| `{key}` | {f'`{shown}` ' if shown else ''}| {meaning} |".replace("|  |", "| |")


if __name__ == "__main__":
    main()
