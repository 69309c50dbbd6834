"""Gather a dataset's scores in one table."""

from pathlib import Path

import pandas as pd

from urn.files import atomic_path

from _job import logged

with logged(snakemake.log[0]):
    rows = []
    for file in map(Path, snakemake.input):
        if file.name == "uncertainty.tsv":
            auroc = pd.read_csv(file, sep="\t")["auroc"].item()
            rows.append((auroc, f"AUROC of the uncertainty in {file.parent}/weights"))
        else:
            number, what = file.read_text().strip().split("\t")
            rows.append((float(number), what))
    table = pd.DataFrame(rows, columns=["value", "score"])
    with atomic_path(snakemake.output[0]) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
