"""How well a refiner's masks follow a shard's images, at every alpha."""

import numpy as np
import pandas as pd

from urn.alpha import label_cuts
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
        if not found.cams:
            continue
        masks = refine(found.image, found.cams, alpha=np.c_[params.alphas], **params.options)
        cuts = label_cuts(found.image, masks, list(found.cams), params.crf_backend)
        rows += [
            [found.entry.id, label, *values.round(5)]
            for label, values in zip(found.cams, cuts, strict=True)
        ]
    write_table(
        snakemake.output[0], pd.DataFrame(rows, columns=["image", "class_id", *params.alphas])
    )
