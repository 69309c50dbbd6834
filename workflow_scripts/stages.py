"""Gather the scores of every stage's masks: overall, and class by class."""

import pandas as pd

from _job import logged
from _scores import read_score
from _tables import read_table, write_table

with logged(snakemake.log[0]):
    stages = snakemake.params.stages
    rows, columns = [], {}
    for (split, stage), miou, classes in zip(
        stages, snakemake.input.miou, snakemake.input.classes, strict=True
    ):
        number, what = read_score(miou)
        rows.append({"split": split, "stage": stage, "miou": number, "score": what})
        table = read_table(classes, ["class", "iou"], index_col="class")
        columns[f"{stage} ({split})"] = table["iou"]
    write_table(snakemake.output.stages, pd.DataFrame(rows))
    write_table(snakemake.output.classes, pd.DataFrame(columns), index=True)
