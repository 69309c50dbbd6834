"""How well the uncertainty finds the wrong pixels of the cyclic masks."""

import pandas as pd

from urn.datasets.index import read_index
from urn.evaluation import UncertaintyQuality
from urn.files.atomic import atomic_path
from urn.files.images import read_made, read_mask
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    quality = UncertaintyQuality()
    files = zip(snakemake.input.weights, snakemake.input.masks, index.split("train"), strict=True)
    known = [(w, m, entry.mask) for w, m, entry in files if entry.mask is not None]
    for weight, mask, truth in progress(known, "uncertainty", len(known)):
        expected = read_mask(truth)
        size = expected.shape
        quality.add(read_made(weight, size), read_made(mask, size), expected)
    by_weight = quality.table()
    scores = {
        "images": len(known),
        "auroc": round(quality.auroc, 4),
        "average_precision": round(quality.average_precision, 4),
        "wrong_share": round(by_weight["wrong"].sum() / by_weight["pixels"].sum(), 4),
    }
    with atomic_path(snakemake.output.scores) as temporary:
        pd.DataFrame([scores]).to_csv(temporary, sep="\t", index=False)
    with atomic_path(snakemake.output.table) as temporary:
        by_weight.to_csv(temporary, sep="\t", index=False)
