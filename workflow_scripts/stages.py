"""Gather the scores of every stage's masks: overall, and class by class."""

import pandas as pd

from urn.files import atomic_path

from _job import logged

with logged(snakemake.log[0]):
    stages = snakemake.params.stages
    rows, columns = [], {}
    for (split, stage), miou, classes in zip(
        stages, snakemake.input.miou, snakemake.input.classes, strict=True
    ):
        with open(miou) as file:
            number, what = file.read().strip().split("\t")
        rows.append({"split": split, "stage": stage, "miou": float(number), "score": what})
        columns[f"{stage} ({split})"] = pd.read_csv(classes, sep="\t", index_col="class")["iou"]
    with atomic_path(snakemake.output.stages) as temporary:
        pd.DataFrame(rows).to_csv(temporary, sep="\t", index=False)
    with atomic_path(snakemake.output.classes) as temporary:
        pd.DataFrame(columns).to_csv(temporary, sep="\t")
