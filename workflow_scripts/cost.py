"""What every stage cost, from its jobs' benchmarks: table and figure."""

import re
from pathlib import Path

import pandas as pd

from urn.figures.charts import bars
from urn.figures.style import save
from urn.files import atomic_path

from _job import logged

SMALLEST = 0.01  # stages with less than this share of the whole are drawn as one

with logged(snakemake.log[0]):
    jobs = []
    for path in sorted(Path(snakemake.params.benchmarks).glob("*.tsv")):
        measured = pd.read_csv(path, sep="\t").iloc[-1]
        stage = re.sub(r"_\d{5}$", "", path.stem)
        jobs.append({"stage": stage, "seconds": measured["s"], "peak_mib": measured["max_rss"]})
    grouped = pd.DataFrame(jobs).groupby("stage")
    table = pd.DataFrame(
        {
            "jobs": grouped.size(),
            "seconds": grouped["seconds"].sum().round(1),
            "peak_mib": pd.to_numeric(grouped["peak_mib"].max(), errors="coerce").round(),
        }
    ).sort_values("seconds", ascending=False)
    with atomic_path(snakemake.output.table) as temporary:
        table.to_csv(temporary, sep="\t")
    large = table["seconds"] >= SMALLEST * table["seconds"].sum()
    minutes = table["seconds"] / 60
    drawn = {name: minutes[name] for name in table.index[large]}
    drawn[f"{(~large).sum()} smaller ones"] = minutes[~large].sum()
    save(
        bars(list(drawn), list(drawn.values()), "minutes of all its jobs"), snakemake.output.figure
    )
