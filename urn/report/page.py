"""A table as an HTML page."""

from pathlib import Path

import pandas as pd

from urn.report.parts import paragraph, table, write_page


def write_table_page(path: str | Path, cells: pd.DataFrame, source: str) -> None:
    """Write a page with a file's cells as they are; blanks for underscores in columns' names."""
    columns = [name.replace("_", " ") for name in cells.columns]
    parts = [paragraph(source), table(columns, cells.itertuples(index=False))]
    write_page(path, Path(source).name, parts)
