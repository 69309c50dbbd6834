"""Archives of per-image class maps: CAMs and responses of a shard in one compressed file."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from urn.errors import UserError
from urn.files import atomic_path

# One image's entry: its id, K class ids (uint8, ascending) and K×H×W maps in [0, 1].
ClassMaps = tuple[str, np.ndarray, np.ndarray]


@contextmanager
def archive_writer(path: str | Path) -> Iterator[Callable[[str, np.ndarray, np.ndarray], None]]:
    """Yield the function that adds one image's class maps (float16, deflated) to an archive.

    The archive is written whole or, when an exception ends the block, not at all.
    """
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(
            temporary, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1
        ) as archive,
    ):

        def write(image_id: str, labels: np.ndarray, maps: np.ndarray) -> None:
            for kind, array in (
                ("labels", labels.astype(np.uint8)),
                ("maps", maps.astype(np.float16)),
            ):
                with archive.open(f"{image_id}/{kind}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

        yield write


def write_archive(path: str | Path, entries: Iterable[ClassMaps]) -> None:
    """Write class maps one by one, so that only one image's are held in memory."""
    with archive_writer(path) as write:
        for entry in entries:
            write(*entry)


def read_archive(path: str | Path, ids: Iterable[str]) -> Iterator[ClassMaps]:
    """Yield (id, labels uint8 K, maps float32 K×H×W) for `ids`, in that order.

    Raises:
        UserError: the archive is damaged or lacks an id.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            for image_id in ids:
                labels, maps = archive[f"{image_id}/labels"], archive[f"{image_id}/maps"]
                yield image_id, labels, maps.astype(np.float32)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise UserError(
            f"archive {path} cannot be used ({error}): delete it and run again"
        ) from None
