"""The images of a shard, one after another."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from urn.datasets.index import Entry, Index
from urn.files.archives import read_archive
from urn.files.images import image_size, read_image
from urn.progress import progress
from urn.working_size import WorkingSize


@dataclass(frozen=True)
class ArchivedImage:
    """An image and its class maps in an archive.

    Attributes:
        entry: what the index says of the image.
        image: H×W×3 uint8 RGB at the working size.
        labels: K class ids, uint8, ascending.
        maps: K×H×W float32.
    """

    entry: Entry
    image: np.ndarray
    labels: np.ndarray
    maps: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image as it was given."""
        return image_size(self.entry.image)

    @property
    def cams(self) -> dict[int, np.ndarray]:
        """Every class's map."""
        return dict(zip(self.labels.tolist(), self.maps, strict=True))


def archived(
    index: Index, archive: str, ids: Iterable[str], working_size: WorkingSize
) -> Iterator[ArchivedImage]:
    """Yield the images of an archive, in the order of `ids`.

    Raises:
        UserError: an image or the archive cannot be used.
    """
    for image_id, labels, maps in read_archive(archive, ids):
        entry = index[image_id]
        yield ArchivedImage(entry, read_image(entry.image, working_size), labels, maps)


def each_archived(
    index: Index,
    archive: str,
    ids: Collection[str],
    working_size: WorkingSize,
    description: str,
) -> Iterator[ArchivedImage]:
    """The same, and show the progress."""
    return progress(archived(index, archive, ids, working_size), description, len(ids))
