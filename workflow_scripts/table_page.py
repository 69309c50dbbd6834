"""A table as a page, for the report: the same cells as in the file."""

from urn.report.page import write_table_page

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    source = snakemake.input[0]
    cells = read_table(source, [], dtype=str, na_values=[])
    write_table_page(snakemake.output[0], cells, source)
