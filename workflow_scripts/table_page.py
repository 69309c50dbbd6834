"""A table as a page, for the report: the same cells as in the file."""

from urn.files.atomic import atomic_path
from urn.report.page import table_page

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    source = snakemake.input[0]
    cells = read_table(source, [], dtype=str, keep_default_na=False)
    with atomic_path(snakemake.output[0]) as temporary:
        temporary.write_text(table_page(cells, source), encoding="utf-8")
