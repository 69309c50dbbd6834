"""Parts of HTML pages: remarks, pictures and bars. A page is one file, and needs no network."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

from urn.files.atomic import atomic_path

LONGEST = 240  # pixels of a picture's longer side
QUALITY = 80


def write_page(path: str | Path, title: str, parts: Iterable[str]) -> None:
    """Write a page of parts, which are HTML, whole or not at all."""
    style = (files("urn.report") / "page.css").read_text("utf-8")
    text = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</html>\n"
    )
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def heading(text: str) -> str:
    """Of a part."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str) -> str:
    """Of plain text."""
    return f"<p>{escape(text)}</p>"


def bars(values: Mapping[str, int], marked: Iterable[str] = ()) -> str:
    """A bar for every count, named; those `marked` stand out."""
    most, marked = max(values.values(), default=1) or 1, set(marked)
    rows = [
        f"<tr{' class=marked' * (name in marked)}>"
        f'<th title="{escape(name)}">{escape(name)}</th>'
        f'<td><div style="width:{100 * value / most:.1f}%"></div></td><td>{value}</td></tr>'
        for name, value in values.items()
    ]
    return f"<table class=bars>{''.join(rows)}</table>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Cells below their columns' names; on a narrow screen it scrolls, not the page."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<div class=scrolled><table class=cells><tr>{head}</tr>{body}</table></div>"


def card(text: str, remedy: str = "", pictures: Sequence[str] = ()) -> str:
    """A line, what to do about it, and pictures."""
    todo = f"<p class=remedy>{escape(remedy)}</p>" if remedy else ""
    shown = f"<div class=pictures>{''.join(pictures)}</div>" if pictures else ""
    return f"<article><p>{escape(text)}</p>{todo}{shown}</article>"


def cards(texts: Iterable[str]) -> str:
    """Cards beside each other, as many as fit."""
    return f"<div class=cards>{''.join(texts)}</div>"


def picture(image: np.ndarray, name: str) -> str:
    """An image within the page.

    Args:
        image: H×W×3 uint8 RGB, no side above `LONGEST`.
        name: shown below it.
    """
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=QUALITY)
    data = base64.b64encode(content.getvalue()).decode()
    return (
        f'<figure><img alt="" width={image.shape[1]} height={image.shape[0]} '
        f'src="data:image/jpeg;base64,{data}"><figcaption>{escape(name)}</figcaption></figure>'
    )
