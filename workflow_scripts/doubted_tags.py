"""Tags that the classifier contradicts: a page, and a table."""

import numpy as np
import pandas as pd

from urn.check.doubts import doubts
from urn.check.tags_page import write_tags_page
from urn.datasets.index import read_index

from _job import logged
from _tables import read_by_image, write_table

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    columns = [str(n) for n in range(1, len(index.classes) + 1)]
    table = read_by_image(snakemake.input.scores, columns).set_index("image")
    # Of val, an image without tags may show anything.
    entries = [index[i] for i in table.index if index[i].split == "train" or index[i].tags]
    scores = table.loc[[entry.id for entry in entries], columns].to_numpy(float)
    tags = np.array([[name in entry.tags for name in index.classes] for entry in entries])
    found = doubts(scores, tags)
    rows = [
        (
            entries[doubt.position].id,
            entries[doubt.position].split,
            index.classes[doubt.column],
            "yes" if doubt.tagged else "no",
            round(doubt.score, 4),
        )
        for doubt in found
    ]
    table = pd.DataFrame(rows, columns=["image", "split", "class", "tagged", "score"])
    write_table(snakemake.output.table, table)
    write_tags_page(snakemake.output.page, snakemake.wildcards.dataset, index, entries, found)
