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
        folder = Path("results", config["dataset"])
        report = folder / "report.html"
        made = make_report(report, workflow.main_snakefile, config)
        # After Snakemake's own last lines.
        atexit.register(print, last_words(folder, config, report if made else None))


def make_report(report: Path, snakefile: str, config: Mapping[str, Any]) -> bool:
    """Write the run's report in one HTML file; whether that went well."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as whole:
        json.dump(config, whole)
        whole.flush()
        command = [sys.executable, "-m", "snakemake", "--nolock", "--snakefile", snakefile]
        command += ["--configfile", whole.name, "--report", str(report)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"the report could not be made:\n{done.stderr}", file=sys.stderr)
    return done.returncode == 0


def last_words(folder: Path, config: Mapping[str, Any], report: Path | None) -> str:
    """The scores in `folder`, and where to find report, models and masks."""
    entry = config["datasets"][config["dataset"]]
    summary = folder / "tables" / "summary.tsv"
    rows = summary.read_text().splitlines()[1:] if summary.exists() else []
    scores = [f"{float(value):8.2f}  {what}" for value, what in (row.split("\t") for row in rows)]
    runs = [(backbone, row) for backbone, names in entry["runs"].items() for row in names]
    masks = folder / entry["teacher"] / "cyclic_masks"
    gallery = Paths(config["dataset"]).gallery
    places = {
        "gallery": f"{gallery} (open it in a browser)" if Path(gallery).exists() else None,
        "report": report and f"{report} (open it in a browser)",
        "figures": f"{folder / 'figures'}/",
        "masks": f"{masks}/" if masks.exists() else None,
        "models": f"{', '.join(str(folder / b / row / 'model.pth') for b, row in runs)}",
    }
    shown = [f"{name:<8}  {place}" for name, place in places.items() if place]
    return "\n".join(["", *scores, "", *shown])
