"""Every training image's mean uncertainty, labels and, where the truth is known, wrong pixels."""

import numpy as np
import pandas as pd

from urn.datasets.index import read_index
from urn.files.images import IGNORE, read_mask
from urn.progress import progress

from _job import logged
from _tables import write_table

with logged(snakemake.log[0]):
    entries = read_index(snakemake.input.index).split("train")
    files = zip(entries, snakemake.input.masks, snakemake.input.weights, strict=True)
    rows = []
    for entry, mask_path, weight_path in progress(files, "uncertainty by image", len(entries)):
        mask, weight = read_mask(mask_path), read_mask(weight_path)
        row = {
            "image": entry.id,
            "uncertainty": round(1 - weight.mean() / 255, 4),
            "labels": len(np.unique(mask)),
            "wrong": np.nan,
        }
        if entry.mask is not None:
            truth = read_mask(entry.mask)
            counted = truth != IGNORE
            row["wrong"] = round(float((mask != truth)[counted].mean()), 4)
        rows.append(row)
    write_table(snakemake.output[0], pd.DataFrame(rows))
