"""Gather the scores of every stage's masks: overall, and class by class."""

import pandas as pd

from urn.files.atomic import atomic_path

from _job import logged
from _tables import read_score, read_table

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
    with atomic_path(snakemake.output.stages) as temporary:
        pd.DataFrame(rows).to_csv(temporary, sep="\t", index=False)
    with atomic_path(snakemake.output.classes) as temporary:
        pd.DataFrame(columns).to_csv(temporary, sep="\t")
