"""How well the uncertainty finds the wrong pixels of the cyclic masks."""

import pandas as pd

from urn.datasets.index import read_index
from urn.evaluation import UncertaintyQuality

from _job import logged
from _tables import write_table
from _truths import each_compared, known

with logged(snakemake.log[0]):
    index, files = read_index(snakemake.input.index), snakemake.input
    quality = UncertaintyQuality()
    for image in each_compared(
        index, "train", files.weights, files.masks, description="uncertainty"
    ):
        weight, mask = image.made
        quality.add(weight, mask, image.truth)
    by_weight = quality.table()
    scores = {
        "images": len(known(index, "train")),
        "auroc": round(quality.auroc, 4),
        "average_precision": round(quality.average_precision, 4),
        "wrong_share": round(by_weight["wrong"].sum() / by_weight["pixels"].sum(), 4),
    }
    write_table(snakemake.output.scores, pd.DataFrame([scores]))
    write_table(snakemake.output.table, by_weight)
