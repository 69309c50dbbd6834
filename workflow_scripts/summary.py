"""Gather a dataset's scores in one table."""

from pathlib import Path

import pandas as pd

from _job import logged
from _scores import read_score
from _tables import read_table, write_table

with logged(snakemake.log[0]):
    rows = []
    for file in map(Path, snakemake.input):
        if file.name == "uncertainty.tsv":
            auroc = read_table(file, ["auroc"])["auroc"].item()
            rows.append((auroc, f"AUROC of the uncertainty in {file.parent}/weights"))
        else:
            rows.append(read_score(file))
    write_table(snakemake.output[0], pd.DataFrame(rows, columns=["value", "score"]))
