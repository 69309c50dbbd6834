"""Layouts of datasets by name: a new one is a file beside this, and a line here."""

from collections.abc import Mapping
from typing import Any

from rules.plan.layouts.base import Layout
from rules.plan.layouts.coco import COCO
from rules.plan.layouts.folder import Folder
from rules.plan.layouts.shapes import Shapes
from rules.plan.layouts.voc import VOC

LAYOUTS: Mapping[str, type[Layout]] = {
    "shapes": Shapes,
    "voc": VOC,
    "coco": COCO,
    "folder": Folder,
}


def of(entry: Mapping[str, Any]) -> Layout:
    """The layout of a dataset's entry in the configuration."""
    return LAYOUTS[entry["layout"]](entry)
