"""The user's images, tags and masks, as Snakemake is to know them: by size and time of change.

They are too many to be inputs of rules: each rule has a fingerprint of those it reads among its
parameters instead, and runs again when that changes. Standard library only.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from urn.datasets.coco import coco_records
from urn.datasets.folder import folder_records
from urn.datasets.ids import voc_ids
from urn.datasets.layouts import voc_annotation, voc_image, voc_mask

KINDS = ("images", "tags", "masks")


class Files(NamedTuple):
    """What tells of an image: files, and tags as they are written in a list or table."""

    images: str
    tags: str | tuple[str, ...]
    masks: str | None


def data_files(dataset: Mapping[str, Any], splits: Iterable[str]) -> dict[str, dict[str, Files]]:
    """The files of every image of a dataset's entry in the configuration, by split and id.

    There are none for the generated dataset: they are outputs of a rule.

    Raises:
        UserError: a list or table cannot be read.
    """
    found: dict[str, dict[str, Files]] = {split: {} for split in splits}
    match dataset["layout"]:
        case "shapes":
            return found
        case "voc":
            root, xml = dataset["root"], dataset.get("tags", "masks") == "xml"
            tags = voc_annotation if xml else voc_mask
            for split, files in found.items():
                for i in voc_ids(Path(root) / dataset[split]):
                    paths = (voc_image(root, i), tags(root, i), voc_mask(root, i))
                    files[i] = Files(*map(str, paths))
            return found
        case "coco":
            records = coco_records(dataset["root"], dataset["train"], dataset["val"])
        case _:
            records = folder_records(
                dataset["images"], dataset["train"], dataset.get("val"), dataset.get("masks")
            )
    for entry in (record.entry for record in records):
        mask = None if entry.mask is None else str(entry.mask)
        found[entry.split].setdefault(entry.id, Files(str(entry.image), entry.tags, mask))
    return found


def fingerprint(
    files: Mapping[str, Files], kinds: Iterable[str], ids: Iterable[str] | None = None
) -> str:
    """Changes when anything of these kinds changes, for some of the ids or for all.

    A file's size and time of change count, as does whether it is there.
    """
    wanted = [(i, files[i]) for i in (files if ids is None else ids) if i in files]
    return fingerprint_of(part for i, f in wanted for part in (i, *(getattr(f, k) for k in kinds)))


def fingerprint_of(files: Iterable[str | tuple[str, ...] | None]) -> str:
    """The same of files in the order given."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(_state(file).encode())
    return digest.hexdigest()[:12]


@cache
def _state(file: str | tuple[str, ...] | None) -> str:
    if file is None or isinstance(file, tuple):
        return repr(file)
    try:
        found = os.stat(file)
    except OSError:
        return file
    return f"{file} {found.st_size} {found.st_mtime_ns}"
