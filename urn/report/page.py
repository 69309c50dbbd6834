"""A table as an HTML page."""

import pandas as pd

STYLE = """
body { font: 14px sans-serif; margin: 1.5em; color: #222; }
table { border-collapse: collapse; }
th, td { padding: 0.35em 0.8em; text-align: left; border-bottom: 1px solid #ddd; }
th { border-bottom: 2px solid #888; }
tr:hover td { background: #f2f6fa; }
"""


def table_page(cells: pd.DataFrame, title: str) -> str:
    """A page with the cells as they are; underscores in the names of columns become blanks."""
    columns = [name.replace("_", " ") for name in cells.columns]
    table = cells.set_axis(columns, axis=1).to_html(index=False, border=0)
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><p>{title}</p>{table}\n"
