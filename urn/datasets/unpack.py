"""Unpacking archives: tar, compressed or not, and zip."""

import errno
import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.progress import progress

_DAMAGES = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
)
_NO_FILES = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG)  # their names' fault


@contextmanager
def archived_files(archive: str | Path) -> Iterator[Iterator[tuple[PurePosixPath, IO[bytes]]]]:
    """Open an archive: an iterator over its files, each a name and a stream of its content.

    Raises:
        UserError: the archive is missing, damaged or of another kind; also while it is read.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                yield _zipped(opened)
        else:
            with tarfile.open(archive) as opened:
                yield _tarred(opened)
    except FileNotFoundError as error:
        raise UserError(f"archive {archive} cannot be read ({error}): put it there") from None
    except _DAMAGES as error:
        reason = (str(error).splitlines() or ["it ends early"])[0].rstrip(":")
        raise UserError(f"archive {archive} is damaged ({reason}): replace it") from None
    except (RuntimeError, NotImplementedError) as error:  # zipfile's, of what it cannot open
        raise UserError(f"archive {archive} cannot be unpacked ({error}): replace it") from None


def unpack(
    archive: str | Path, folder: str | Path, below: str = ".", held: Container[str] = ()
) -> dict[str, bytes]:
    """Unpack the files of an archive; what lies outside `below` is left out.

    Args:
        archive: tar (also compressed) or zip file.
        folder: where the files go; files of the same names are replaced.
        below: a folder in the archive that becomes `folder`, such as VOCdevkit/VOC2012.
        held: names of small files below it that are not written but returned, such as lists that
            are to be there only when all else is.

    Returns:
        The contents of `held`.

    Raises:
        UserError: the archive is damaged, of another kind or without such files, or a name in it
            leaves the folder.
    """
    found, contents = False, {}
    with archived_files(archive) as files:
        for path, content in progress(files, f"unpacking {Path(archive).name}", unit="file"):
            if path.is_absolute() or ".." in path.parts:
                raise UserError(
                    f"archive {archive} holds {_line(path)}, outside itself: do not trust it"
                )
            if path.is_relative_to(below):
                found, name = True, path.relative_to(below)
                target = Path(folder) / name
                if str(name) in held:
                    contents[str(name)] = content.read()
                    continue
                try:
                    with atomic_path(target) as temporary, temporary.open("wb") as file:
                        shutil.copyfileobj(content, file)
                except OSError as error:
                    if error.errno not in _NO_FILES:
                        raise
                    raise UserError(
                        f"archive {archive} holds {_line(path)}, which cannot be a file beside its "
                        f"others ({error.strerror}): replace it"
                    ) from None
    if not found:
        raise UserError(f"archive {archive} holds no file below {below}: replace it")
    return contents


def _line(path: PurePosixPath) -> str:
    """A name that may hold line breaks."""
    return str(path).replace("\n", "\\n")


def _zipped(archive: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    for item in archive.infolist():
        if item.header_offset < 0:
            raise zipfile.BadZipFile("its table of files is damaged")
        if not item.is_dir():
            with archive.open(item) as content:
                yield PurePosixPath(item.filename), content


def _tarred(archive: tarfile.TarFile) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    for item in archive:
        if item.isfile() and (content := archive.extractfile(item)) is not None:
            with content:
                yield PurePosixPath(item.name), content
    # The module takes a damaged header for the end, and reads no check sum that comes after it.
    stream = archive.fileobj
    assert stream is not None
    stream.seek(archive.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it is cut short, or a header in its midst is damaged")
    while stream.read(1 << 20):
        pass
