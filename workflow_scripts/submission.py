"""Pack the predictions on the test split for VOC's evaluation server."""

from pathlib import Path

from urn.datasets.index import read_index
from urn.submission import write_submission

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    entries = zip(index.split("test"), snakemake.input.masks, strict=True)
    masks = {entry.id: (Path(mask), entry.image) for entry, mask in entries}
    write_submission(snakemake.output[0], masks, index.num_classes)
    print(f"{snakemake.output[0]}: {len(masks)} masks")
