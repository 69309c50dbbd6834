"""Score the baseline's and another supervision's prediction of every image."""

import pandas as pd

from urn.datasets.index import read_index
from urn.evaluation import ConfusionMatrix

from _job import logged
from _tables import write_table
from _truths import each_compared

with logged(snakemake.log[0]):
    index, files = read_index(snakemake.input.index), snakemake.input
    rows = []
    for image in each_compared(
        index, "val", files.before, files.after, description="scores by image"
    ):
        scores = []
        for mask in image.made:
            matrix = ConfusionMatrix(index.num_classes, index.unused)
            matrix.add(mask, image.truth)
            scores.append(round(100 * matrix.miou, 2))
        rows.append((image.entry.id, *scores))
    table = pd.DataFrame(rows, columns=["image", "baseline", "urn"])
    table["change"] = (table["urn"] - table["baseline"]).round(2)
    write_table(snakemake.output[0], table)
