"""The training images to correct first: a table, the first before the others, and a page."""

import numpy as np
import pandas as pd

from urn.corrections.apply import correction_of
from urn.corrections.weights import read_weight
from urn.datasets.index import read_index
from urn.progress import progress
from urn.report.selection import write_selection_page
from urn.selection import select

from _job import logged
from _tables import write_table

COLUMNS = ["image", "gain", "uncertainty", "rarity", "tags"]

with logged(snakemake.log[0]):
    index, rejected = read_index(snakemake.input.index), set(snakemake.params.rejected)
    (drawn,) = snakemake.input.get("corrections") or [None]
    candidates = [
        (entry, weight, correction_of(drawn, entry.id))
        for entry, weight in zip(index.split("train"), snakemake.input.weights, strict=True)
        if entry.id not in rejected
    ]
    files = progress(candidates, "uncertainty", len(candidates))
    uncertainty = np.array([1 - read_weight(*pair).mean() / 255 for _, *pair in files])
    tags = np.array([[name in entry.tags for name in index.classes] for entry, *_ in candidates])
    selected = select(uncertainty, tags, snakemake.params.number)
    chosen = [candidates[of.position] for of in selected]
    rows = [
        (entry.id, of.gain, uncertainty[of.position], of.rarity, ", ".join(entry.tags))
        for of, (entry, *_) in zip(selected, chosen, strict=True)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).round(4)
    write_table(snakemake.output.table, table)
    shown = ((entry, read_weight(*pair)) for entry, *pair in chosen)
    write_selection_page(snakemake.output.page, snakemake.wildcards.dataset, selected, shown)
