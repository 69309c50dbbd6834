"""What to say of a target that no rule makes."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from rules.plan import configuration
from rules.plan.paths import RESULTS, Paths

PATHS = Paths()
# Names in a dataset's folder, in a backbone's, and in a model's.
TOP = {
    path.removeprefix(f"{PATHS.root}/").split("/")[0]
    for path in (
        *(PATHS.index(), PATHS.pseudo_masks(), PATHS.table(""), PATHS.figures, PATHS.front_page),
        *(PATHS.classifier.folder, PATHS.second_classifier.folder, PATHS.affinity.folder),
    )
}
FOLDERS_OF_BACKBONE = {Path(path).name for path in (PATHS.cyclic_masks(), PATHS.weights())}
OF_BACKBONE = FOLDERS_OF_BACKBONE | {Path(PATHS.final_score()).name}
OF_MODEL = {
    Path(path).name
    for path in (
        *(PATHS.training().model, PATHS.training().curve, PATHS.predictions()),
        *(PATHS.prediction_scores().miou, PATHS.prediction_scores().classes),
    )
}


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
    if top != RESULTS:
        close = get_close_matches(target, list(rules), n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return (
            f"nothing makes {target}: {hint}ask for files in {Paths('<dataset>').root}/, or a rule "
            "such as all, ablations or prepare_<dataset>"
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
    slip, paths = _slip(inside, supervisions), Paths(dataset)
    return (
        f"nothing makes {target}{slip}: ask for a file in {paths.root}/, such as "
        f"{', '.join(_examples(paths))}"
    )


def _examples(paths: Paths) -> list[str]:
    """Files that can be asked for, below the dataset's folder."""
    model = ("<backbone>", "<supervision>")
    files = [
        paths.index(),
        f"{paths.pseudo_masks('<refiner>')}/<id>.png",
        f"{paths.cyclic_masks('<backbone>')}/<id>.png",
        paths.training(*model).model,
        paths.prediction_scores(*model).miou,
        paths.final_score("<backbone>"),
        paths.table("<table>"),
        paths.figure("<figure>"),
    ]
    return [file.removeprefix(f"{paths.root}/") for file in files]


def _slip(parts: Sequence[str], supervisions: Iterable[str]) -> str:
    """The first part of a path that is no name of its place, and what it may have meant."""
    backbone = f"({'|'.join(configuration.BACKBONES)}|{configuration.TIMM_BACKBONE})(-seed[0-9]+)?"
    names = [{*configuration.BACKBONES, *TOP}]
    if parts and re.fullmatch(backbone, parts[0]):
        names = [{parts[0]}, {*supervisions, *OF_BACKBONE}, OF_MODEL]
    for part, known in zip(parts, names, strict=False):
        if part not in known:
            close = get_close_matches(part, sorted(known), n=1)
            return f" (did you mean {close[0]!r} for {part!r}?)" if close else ""
        if part in FOLDERS_OF_BACKBONE:
            break
    return ""
