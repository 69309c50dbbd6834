"""The end of a whole run, or of a check: what came out as the last thing on the terminal."""

import atexit
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rules.plan.paths import Paths

OPEN = "(open it in a browser)"
REMARKS = 20  # that a check shows on the terminal


def close(workflow: Any, config: Mapping[str, Any]) -> None:
    """For `onsuccess`: make the report, if all was asked for, and tell what came out, and where.

    Args:
        workflow: Snakemake's, whose jobs are done.
        config: the configuration of the run.
    """
    report = Paths(config["dataset"]).report
    _close(workflow.dag, config, lambda: make_report(report, workflow.main_snakefile, config))


def closer_without_jobs(config: Mapping[str, Any]) -> Callable[[Any], None]:
    """What to call with a plan: if no job of it is to be run, Snakemake has no `onsuccess`.

    Args:
        config: which need not be complete yet.
    """

    def close_without_jobs(dag: Any) -> None:
        workflow = dag.workflow
        if workflow.dryrun or workflow.execution_settings.no_hooks or [*dag.needrun_jobs()]:
            return
        _close(dag, config, Path(Paths(config["dataset"]).report).exists)

    return close_without_jobs


def _close(dag: Any, config: Mapping[str, Any], has_report: Callable[[], bool]) -> None:
    """Print, after Snakemake's own last lines, what belongs to what was asked for."""
    rules = {job.rule.name for job in dag.jobs}
    if "all" in rules:
        atexit.register(print, last_words(config, has_report()))
    elif "check" in rules:
        atexit.register(print, last_words_of_check(config))


def make_report(report: str, snakefile: str, config: Mapping[str, Any]) -> bool:
    """Write the run's report in one HTML file; whether that went well."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as whole:
        json.dump(config, whole)
        whole.flush()
        command = [sys.executable, "-m", "snakemake", "--nolock", "--snakefile", snakefile]
        command += ["--configfile", whole.name, "--report", report]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"the report could not be made:\n{done.stderr}", file=sys.stderr)
    return done.returncode == 0


def last_words(config: Mapping[str, Any], report_made: bool) -> str:
    """The scores of the run, where to find what it made, and the command to predict."""
    name = config["dataset"]
    entry, paths = config["datasets"][name], Paths(name)
    rows = _rows(paths.table("summary"))
    scores = [f"{float(value):8.2f}  {what}" for value, what in rows]
    runs = [(backbone, row) for backbone, names in entry["runs"].items() for row in names]
    masks = paths.cyclic_masks(entry["teacher"])
    models = [paths.training(backbone, row).model for backbone, row in runs]
    first = paths.training(*min(runs, key=lambda run: run[1] != "urn")).model
    places = {
        "check": _page(paths.check),
        "correct": _page(paths.next_images_page(entry["teacher"])),
        "gallery": _page(paths.gallery),
        "report": f"{paths.report} {OPEN}" if report_made else None,
        "figures": f"{paths.figures}/",
        "masks": f"{masks}/" if Path(masks).exists() else None,
        "models": ", ".join(models),
        "predict": f"python -m urn predict {first} photographs --output masks",
    }
    shown = [f"{name:<8}  {place}" for name, place in places.items() if place]
    return "\n".join(["", *scores, "", *shown])


def last_words_of_check(config: Mapping[str, Any]) -> str:
    """What there is to remark of the dataset, and where the page is."""
    paths = Paths(config["dataset"])
    rows = _rows(paths.table("check"))
    lines = [f"{topic}: {text}\n    → {remedy}" for topic, text, remedy, _ in rows[:REMARKS]]
    if len(rows) > REMARKS:
        lines.append(f"and {len(rows) - REMARKS} more in {paths.table('check')}")
    if not rows:
        lines = ["There is nothing to remark."]
    return "\n".join(["", *lines, "", f"check     {paths.check} {OPEN}"])


def _rows(table: str) -> list[list[str]]:
    """A table's cells below its columns' names; none where there is no table."""
    path = Path(table)
    lines = path.read_text("utf-8").splitlines()[1:] if path.exists() else []
    return list(csv.reader(lines, delimiter="\t"))


def _page(page: str) -> str | None:
    """Where a page is, if it is there."""
    return f"{page} {OPEN}" if Path(page).exists() else None
