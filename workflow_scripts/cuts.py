"""How well a refiner's masks follow a shard's images, at every alpha."""

from functools import partial

import pandas as pd

from urn.alpha import alpha_costs
from urn.datasets.index import read_index
from urn.registry import REFINERS

from _job import logged
from _shards import each_archived
from _tables import write_table

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    refine = REFINERS[snakemake.wildcards.refiner].load(snakemake.input.get("model") or None)
    rows = []
    for found in each_archived(
        index, snakemake.input.cams, params.ids, params.working_size, "normalised cuts"
    ):
        costs = alpha_costs(
            found.image,
            found.cams,
            params.alphas,
            partial(refine, **params.options),
            params.crf_backend,
        )
        rows += [[found.entry.id, label, *values.round(5)] for label, values in costs.items()]
    write_table(
        snakemake.output[0], pd.DataFrame(rows, columns=["image", "class_id", *params.alphas])
    )
