"""What every stage cost, from its jobs' benchmarks: table and figure."""

from pathlib import Path

import pandas as pd

from urn.figures.charts import bars
from urn.figures.style import save
from urn.report.cost import cost_table, minutes_drawn

from _job import logged
from _tables import read_table, write_table

with logged(snakemake.log[0]):
    params = snakemake.params
    files = sorted(Path(params.benchmarks).glob("*.tsv"))
    files = [file for file in files if file.stem != "cost"]  # an earlier run's own
    jobs = pd.concat([read_table(file, ["s", "max_rss"], na_values=["-", "NA"]) for file in files])
    jobs.index = pd.Index([file.stem for file in files])
    table = cost_table(jobs, params.shards, params.trainings)
    write_table(snakemake.output.table, table.round(4), index=True)
    minutes = minutes_drawn(table)
    figure = bars(list(minutes), list(minutes.values()), "minutes of all its jobs")
    save(figure, snakemake.output.figure)
