"""A table as a page, for the report: the same cells as in the file."""

from pathlib import Path

from urn.files.atomic import atomic_path

from _job import logged
from _tables import read_table

STYLE = """
body { font: 14px sans-serif; margin: 1.5em; color: #222; }
table { border-collapse: collapse; }
th, td { padding: 0.35em 0.8em; text-align: left; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; }
tr:hover td { background: #f2f6fa; }
"""

with logged(snakemake.log[0]):
    source = Path(snakemake.input[0])
    cells = read_table(source, [], dtype=str, keep_default_na=False)
    columns = [name.replace("_", " ") for name in cells.columns]
    table = cells.set_axis(columns, axis=1).to_html(index=False, border=0)
    page = f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><p>{source}</p>{table}\n"
    with atomic_path(snakemake.output[0]) as temporary:
        temporary.write_text(page, encoding="utf-8")
