"""The gallery's page: one HTML file, and its data in a script beside it.

A page opened from disk may not fetch files, but may run a script that lies beside it.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from urn.files.atomic import atomic_path
from urn.files.images import palette


def write_page(
    page: str | Path,
    data: str | Path,
    dataset: str,
    classes: Sequence[str],
    layers: Mapping[str, Sequence[str]],
    records: Sequence[Mapping[str, Any]],
) -> None:
    """Write the page and its data.

    Args:
        page: the HTML file.
        data: the script beside it.
        dataset: its name.
        classes: names of all classes, background first.
        layers: the names of the masks of every split, in the order of the previews.
        records: of all images; see `urn.gallery.shard.Record`.
    """
    content = {
        "dataset": dataset,
        "classes": list(classes),
        "colours": palette(len(classes)).tolist(),
        "layers": {split: list(names) for split, names in layers.items()},
        "images": list(records),
    }
    # Within a script, "</script>" in a name would end it.
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    with atomic_path(data) as temporary:
        temporary.write_text(f"window.gallery={text};\n", encoding="utf-8")
    parts = files("urn.gallery")
    html = (parts / "page.html").read_text("utf-8")
    for name in ("page.css", "page.js"):
        html = html.replace(f"/* {name} */", (parts / name).read_text("utf-8"))
    with atomic_path(page) as temporary:
        temporary.write_text(html.replace("DATA", Path(data).name), encoding="utf-8")
