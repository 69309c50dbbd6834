"""The image that the figures explain the method with."""

from typing import Any

from urn.datasets.index import Index
from urn.figures.choice import example

from _shards import ArchivedImage, archived
from _tables import read_table


def example_id(job: Any) -> str:
    """Its id, chosen by a job's table of the training images."""
    return example(read_table(job.input.table, ["image"]))


def example_image(job: Any, index: Index) -> ArchivedImage:
    """The image and the baseline's response to it."""
    ids = [example_id(job)]
    (found,) = archived(index, job.input.baseline, ids, job.params.working_size)
    return found
