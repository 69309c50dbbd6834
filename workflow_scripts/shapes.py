"""Draw the generated dataset."""

from _job import logged

from urn.datasets.shapes import write_shapes

with logged(snakemake.log[0]):
    params = snakemake.params
    write_shapes(params.root, params.train, params.val)
