"""Choose the alpha of every class in every image by the costs of all shards."""

import numpy as np
import pandas as pd

from urn.alpha import choose, class_costs
from urn.datasets.index import read_index

from _alphas import KEYS, read_costs
from _job import logged
from _tables import write_table

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    costs, images = read_costs(snakemake.input.cuts)
    alphas = costs.columns
    common, places = choose(images, snakemake.params.steps)
    chosen = [
        (image, label, alphas[p]) for image, own in places.items() for label, p in own.items()
    ]
    write_table(snakemake.output.choice, pd.DataFrame(chosen, columns=[*KEYS, "alpha"]))

    names = ["background", *index.classes]
    means = {names[label]: values for label, values in class_costs(images).items()}
    considered = pd.DataFrame({"alpha": alphas, "cost": costs.mean().to_numpy()})
    considered["dataset"] = np.arange(len(alphas)) == common
    counts = pd.Series([alpha for *_, alpha in chosen]).value_counts()
    considered["chosen"] = counts.reindex(alphas, fill_value=0).to_numpy()
    # A class may be called as a column is.
    table = pd.concat([considered, pd.DataFrame(means)], axis="columns")
    write_table(snakemake.output.table, table.round(5))
