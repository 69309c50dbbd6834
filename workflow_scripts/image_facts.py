"""What the check of a dataset knows of each image of a shard."""

from dataclasses import asdict

import pandas as pd

from urn.check.facts import facts_of
from urn.datasets.index import read_index
from urn.progress import progress

from _job import logged
from _tables import write_table

with logged(snakemake.log[0]):
    index, ids = read_index(snakemake.input.index), snakemake.params.ids
    rows = [
        {"image": image_id, **asdict(facts_of(index[image_id].image))}
        for image_id in progress(ids, "looking at images", len(ids))
    ]
    write_table(snakemake.output[0], pd.DataFrame(rows))
