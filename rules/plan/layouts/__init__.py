"""The layouts in which a dataset may come. A new one is a file here, and its class in the union.

Its images are read by the module of urn/datasets that has its name.
"""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import Field

from rules.plan.layouts.base import Layout
from rules.plan.layouts.coco import Coco
from rules.plan.layouts.folder import Folder
from rules.plan.layouts.shapes import Shapes
from rules.plan.layouts.voc import Voc

AnyLayout = Annotated[Shapes | Voc | Coco | Folder, Field(discriminator="layout")]

LAYOUTS: dict[str, type[Layout]] = {
    get_args(layout.model_fields["layout"].annotation)[0]: layout
    for layout in get_args(get_args(AnyLayout)[0])
}


def of(entry: Mapping[str, Any]) -> Layout:
    """The layout of a dataset's entry in the configuration, which is not checked again."""
    return LAYOUTS[entry["layout"]].model_construct(**entry)
