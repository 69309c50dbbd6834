"""The training images to correct first: a table, the first before the others, and a page."""

import numpy as np
import pandas as pd

from urn.datasets.index import read_index
from urn.files.images import read_made
from urn.progress import progress
from urn.report.selection import write_selection_page
from urn.selection import select

from _job import logged
from _tables import write_table

with logged(snakemake.log[0]):
    index, weights = read_index(snakemake.input.index), snakemake.input.weights
    entries = index.split("train")
    files = progress(weights, "uncertainty", len(weights))
    uncertainty = np.array([1 - read_made(file).mean() / 255 for file in files])
    tags = np.array([[name in entry.tags for name in index.classes] for entry in entries])
    selected = select(uncertainty, tags, snakemake.params.number)
    rows = [
        {
            "image": entries[of.position].id,
            "gain": round(of.gain, 4),
            "uncertainty": round(uncertainty[of.position], 4),
            "rarity": round(of.rarity, 4),
            "tags": ", ".join(entries[of.position].tags),
        }
        for of in selected
    ]
    columns = ["image", "gain", "uncertainty", "rarity", "tags"]
    write_table(snakemake.output.table, pd.DataFrame(rows, columns=columns))
    write_selection_page(
        snakemake.output.page,
        snakemake.wildcards.dataset,
        entries,
        weights,
        uncertainty.tolist(),
        selected,
    )
