"""Choose the alpha of every class in every image by the costs of all shards."""

import numpy as np
import pandas as pd

from urn.alpha import choose, class_costs
from urn.datasets.index import read_index
from urn.errors import UserError

from _job import logged
from _tables import read_table, write_table

KEYS = ["image", "class_id"]

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    shards = [read_table(path, KEYS, may_be_empty=True) for path in snakemake.input.cuts]
    table = pd.concat([shard for shard in shards if len(shard)] or shards).set_index(KEYS)
    if table.empty:
        raise UserError("no train image has a class: there is no alpha to choose")
    alphas = table.columns.astype(float)
    images: dict[str, dict[int, np.ndarray]] = {}
    for (image, label), values in zip(table.index, table.to_numpy(), strict=True):
        images.setdefault(image, {})[label] = values
    common, places = choose(images, snakemake.params.steps)
    chosen = [
        (image, label, alphas[p]) for image, own in places.items() for label, p in own.items()
    ]
    write_table(snakemake.output.choice, pd.DataFrame(chosen, columns=[*KEYS, "alpha"]))

    names = ["background", *index.classes]
    means = {names[label]: values for label, values in class_costs(images).items()}
    considered = pd.DataFrame({"alpha": alphas, "cost": table.mean().to_numpy()})
    considered["dataset"] = np.arange(len(alphas)) == common
    counts = pd.Series([alpha for *_, alpha in chosen]).value_counts()
    considered["chosen"] = counts.reindex(alphas, fill_value=0).to_numpy()
    # A class may be called as a column is.
    table = pd.concat([considered, pd.DataFrame(means)], axis="columns")
    write_table(snakemake.output.table, table.round(5))
