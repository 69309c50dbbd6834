"""What to say of a target that no rule makes."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from snakemake.exceptions import WorkflowError

from rules.plan import configuration

FOLDERS = ("pseudo_masks", "cam", "multi_crop", "affinity", "tables", "figures", "report")
FILES = (
    "index.csv",
    "pseudo_masks/<refiner>/<id>.png",
    "<backbone>/cyclic_masks/<id>.png",
    "<backbone>/<supervision>/model.pth",
    "<backbone>/<supervision>/miou.txt",
    "<backbone>/miou.txt",
    "tables/<table>.tsv",
    "figures/<figure>.png",
)


def explainer(workflow: Any, config: Mapping[str, Any]) -> Callable[[str], None]:
    """What to call with a file that no rule makes: it tells, of a target, what can be asked for.

    Args:
        workflow: Snakemake's.
        config: which need not be complete yet.
    """

    def explain(file: str) -> None:
        if file in map(os.path.relpath, workflow.dag_settings.targets):
            rules = [rule.name for rule in workflow.rules]
            supervisions = configuration.supervisions(config)
            raise WorkflowError(sentence(file, list(config["datasets"]), supervisions, rules))

    return explain


def sentence(
    target: str, datasets: Sequence[str], supervisions: Iterable[str], rules: Iterable[str]
) -> str:
    """Why nothing makes a target, and what can be asked for.

    Args:
        target: what was asked for.
        datasets: the names of those configured.
        supervisions: likewise.
        rules: the names of those that can be asked for.
    """
    top, *parts = target.split("/")
    if top != "results":
        close = get_close_matches(target, list(rules), n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return (
            f"nothing makes {target}: {hint}ask for files in results/<dataset>/, or a rule such as "
            "all, ablations or prepare_<dataset>"
        )
    if not parts or parts[0] not in datasets:
        name = parts[0] if parts else ""
        close = get_close_matches(name, datasets, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return (
            f"nothing makes {target}: there is no dataset {name!r}, {hint}but "
            f"{', '.join(datasets)}; one of your own needs its file, as in "
            f"snakemake --configfile mine.yaml -- {target}"
        )
    dataset, *inside = parts
    slip = _slip(inside, supervisions)
    return (
        f"nothing makes {target}{slip}: ask for a file in results/{dataset}/, such as "
        f"{', '.join(FILES)}"
    )


def _slip(parts: Sequence[str], supervisions: Iterable[str]) -> str:
    """The first part of a path that is no name of its place, and what it may have meant."""
    backbone = f"({'|'.join(configuration.BACKBONES)}|{configuration.TIMM_BACKBONE})(-seed[0-9]+)?"
    names = [{*configuration.BACKBONES, *FOLDERS, "index.csv"}]
    if parts and re.fullmatch(backbone, parts[0]):
        names = [{parts[0]}, {*supervisions, "cyclic_masks", "weights", "miou.txt"}]
        names.append({"model.pth", "miou.txt", "iou.tsv", "curve.tsv", "predictions"})
    for part, known in zip(parts, names, strict=False):
        if part not in known:
            close = get_close_matches(part, sorted(known), n=1)
            return f" (did you mean {close[0]!r} for {part!r}?)" if close else ""
        if part in ("cyclic_masks", "weights"):
            break
    return ""
