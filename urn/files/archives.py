"""Archives of per-image class maps: a shard's CAMs or responses in one compressed file."""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from urn.errors import UserError
from urn.files.atomic import atomic_path

# One image's entry: its id, K class ids (uint8, ascending) and K×H×W maps in [0, 1].
ClassMaps = tuple[str, np.ndarray, np.ndarray]

# What reading one can raise: zipfile's RuntimeError tells of a part that is encrypted, TokenError
# of a header that numpy cannot parse.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    tokenize.TokenError,
)


@contextmanager
def archive_writer(path: str | Path) -> Iterator[Callable[[str, np.ndarray, np.ndarray], None]]:
    """Yield a function that adds one image's class maps (float16, deflated) to an archive.

    If an exception ends the block, no archive is written.
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
    """Write class maps image by image, so that only one image's are in memory."""
    with archive_writer(path) as write:
        for entry in entries:
            write(*entry)


def read_archive(path: str | Path, ids: Iterable[str]) -> Iterator[ClassMaps]:
    """Yield (id, labels uint8 K, maps float32 K×H×W) for `ids`, in that order.

    Raises:
        UserError: the archive is damaged or lacks an id.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for image_id in ids:
                labels = _array(archive, f"{image_id}/labels.npy", np.uint8, 1)
                maps = _array(archive, f"{image_id}/maps.npy", np.float16, 3)
                if len(labels) != len(maps):
                    raise ValueError(f"{image_id} has {len(labels)} classes, {len(maps)} maps")
                yield image_id, labels, maps.astype(np.float32)
    except _DAMAGES as error:
        reason = " ".join(str(error).split()) or "it ends early"
        raise UserError(
            f"archive {path} cannot be used ({reason}): delete it and run again"
        ) from None


def _array(archive: zipfile.ZipFile, name: str, dtype: type, dimensions: int) -> np.ndarray:
    """A part of the archive; its memory is allocated only if its header fits its length."""
    with archive.open(name) as part:
        np.lib.format.read_magic(part)
        shape, columns_first, found = np.lib.format.read_array_header_1_0(part)
        size = math.prod(shape) * found.itemsize
        if columns_first or found != dtype or len(shape) != dimensions:
            raise ValueError(f"{name} holds other numbers")
        if part.tell() + size != archive.getinfo(name).file_size:
            raise ValueError(f"{name} has another size")
        return np.frombuffer(part.read(size), dtype).reshape(shape)
