"""Gather a dataset's scores in one table."""

from pathlib import Path

import pandas as pd

from urn.files.atomic import atomic_path

from _job import logged
from _tables import read_score, read_table

with logged(snakemake.log[0]):
    rows = []
    for file in map(Path, snakemake.input):
        if file.name == "uncertainty.tsv":
            auroc = read_table(file, ["auroc"])["auroc"].item()
            rows.append((auroc, f"AUROC of the uncertainty in {file.parent}/weights"))
        else:
            rows.append(read_score(file))
    table = pd.DataFrame(rows, columns=["value", "score"])
    with atomic_path(snakemake.output[0]) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
