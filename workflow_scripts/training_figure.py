"""The losses of a dataset's trainings."""

import pandas as pd

from urn.figures.charts import training_curves
from urn.figures.style import save

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    panels: dict[str, dict[str, pd.DataFrame]] = {}
    for path, (panel, name) in zip(snakemake.input, snakemake.params.trainings, strict=True):
        panels.setdefault(panel, {})[name] = read_table(path, ["iteration", "loss"])
    save(training_curves(panels), snakemake.output[0])
