"""The scores of every stage's masks, overall and class by class."""

from urn.figures.charts import bars, class_scores
from urn.figures.style import save

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    stages = read_table(snakemake.input.stages, ["split", "stage", "miou"])
    groups = [f"on {split} images" for split in stages["split"]]
    save(
        bars(list(stages["stage"]), list(stages["miou"]), "mIoU (%)", groups),
        snakemake.output.stages,
    )
    classes = read_table(snakemake.input.classes, ["class"], index_col="class")
    save(class_scores(classes.dropna(how="all"), "IoU (%)"), snakemake.output.classes)
