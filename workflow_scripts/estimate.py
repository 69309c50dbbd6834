"""Estimate what a run will cost, from measured rates."""

import pandas as pd

from urn import progress
from urn.files.atomic import atomic_path

from _job import logged

with logged(snakemake.log[0]):
    rates = pd.read_csv(snakemake.input.rates, sep="\t", comment="#", index_col="stage")
    table = pd.DataFrame(snakemake.params.work, columns=["stage", "of", "jobs", "images"])
    rate = rates.loc[table["stage"]].reset_index(drop=True)
    table["hours"] = table["images"] * rate["seconds"] / 3600
    table["core_hours"] = table["images"] * rate["cpu_seconds"] / 3600
    table["gpu_hours"] = table["images"] * rate["gpu_seconds"] / 3600
    table["disk_gb"] = table["images"] * rate["kilobytes"] / 1e6
    total = table[["jobs", "hours", "core_hours", "gpu_hours", "disk_gb"]].sum(min_count=1)
    table = pd.concat([table, pd.DataFrame([{"stage": "total", **total}])]).round(2)
    with atomic_path(snakemake.output[0]) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
    print(f"\n{table.to_string(index=False, na_rep='')}\n", file=progress.terminal)
