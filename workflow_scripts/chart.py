"""A chart of tables, by the function that draws it."""

from urn.figures.style import save
from urn.registry import Place

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    params = snakemake.params
    tables = [read_table(path, params.columns) for path in snakemake.input]
    draw = Place(params.draw).load()
    save(draw(*tables, **params.options), snakemake.output[0])
