"""The end of a whole run: its report, and its scores as the last thing on the terminal."""

import atexit
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rules.plan.paths import Paths


def close(workflow: Any, config: Mapping[str, Any]) -> None:
    """For `onsuccess`: make the report, if all was asked for, and tell where everything is.

    Args:
        workflow: Snakemake's, whose jobs are done.
        config: the configuration of the run.
    """
    if "all" in {job.rule.name for job in workflow.dag.jobs}:
        made = make_report(Paths(config["dataset"]).report, workflow.main_snakefile, config)
        # After Snakemake's own last lines.
        atexit.register(print, last_words(config, made))


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
    """The scores of the run, and where to find report, models and masks."""
    name = config["dataset"]
    entry, paths = config["datasets"][name], Paths(name)
    summary = Path(paths.table("summary"))
    rows = summary.read_text().splitlines()[1:] if summary.exists() else []
    scores = [f"{float(value):8.2f}  {what}" for value, what in (row.split("\t") for row in rows)]
    runs = [(backbone, row) for backbone, names in entry["runs"].items() for row in names]
    masks = paths.cyclic_masks(entry["teacher"])
    gallery = paths.gallery if Path(paths.gallery).exists() else None
    places = {
        "gallery": gallery and f"{gallery} (open it in a browser)",
        "report": f"{paths.report} (open it in a browser)" if report_made else None,
        "figures": f"{paths.figures}/",
        "masks": f"{masks}/" if Path(masks).exists() else None,
        "models": ", ".join(paths.training(backbone, row).model for backbone, row in runs),
    }
    shown = [f"{name:<8}  {place}" for name, place in places.items() if place]
    return "\n".join(["", *scores, "", *shown])
