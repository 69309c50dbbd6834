"""The scores of every stage's masks, overall and class by class."""

import pandas as pd

from urn.figures.charts import bars, class_scores
from urn.figures.style import save

from _job import logged

with logged(snakemake.log[0]):
    stages = pd.read_csv(snakemake.input.stages, sep="\t")
    groups = [f"on {split} images" for split in stages["split"]]
    save(
        bars(list(stages["stage"]), list(stages["miou"]), "mIoU (%)", groups),
        snakemake.output.stages,
    )
    classes = pd.read_csv(snakemake.input.classes, sep="\t", index_col="class")
    save(class_scores(classes.dropna(how="all"), "IoU (%)"), snakemake.output.classes)
