"""The readers of datasets: the module of `urn.datasets` with the name of a layout.

It has a function `read`, and `read_test` where the layout has a test split. Only the module in
question is imported.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from urn.datasets.index import Record

Read = tuple[Sequence[str], list[Record]]


def read(source: Mapping[str, Any]) -> Read:
    """The foreground class names and the train and val images of a dataset.

    Args:
        source: its `layout`, and what that needs to know: folders, lists, names of classes.

    Raises:
        UserError: a list cannot be read. What is wrong with an image is left in its record.
    """
    found: Read = import_module(f"urn.datasets.{source['layout']}").read(source)
    return found


def read_test(source: Mapping[str, Any]) -> Read:
    """The same of the test images, of which neither tags nor masks are known."""
    found: Read = import_module(f"urn.datasets.{source['layout']}").read_test(source)
    return found
