"""Draw the generated dataset."""

from pathlib import Path

from urn.datasets.shapes import write_shapes

from _job import logged

with logged(snakemake.log[0]):
    root = Path(snakemake.output.images[0]).parents[1]
    write_shapes(root, snakemake.params.train, snakemake.params.val)
