"""The Semantic Boundaries Dataset: more masks for VOC's images (Hariharan et al., ICCV 2011)."""

import io
import multiprocessing
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath

import numpy as np
from scipy.io import loadmat

from urn.datasets.ids import id_problem
from urn.datasets.unpack import archived_files
from urn.errors import UserError
from urn.files.images import write_mask
from urn.progress import progress

FOLDER = PurePosixPath("benchmark_RELEASE/dataset")
FORKING = multiprocessing.get_context("fork")


def write_sbd_masks(
    archive: str | Path, folder: str | Path, skip: Collection[str]
) -> dict[str, list[str]]:
    """Write the masks of SBD's archive as palette PNGs.

    Args:
        archive: benchmark.tgz, or a tar file of that content.
        folder: where <id>.png goes.
        skip: ids whose masks are not written, since VOC has finer ones.

    Returns:
        The ids of SBD's splits `train` and `val`.

    Raises:
        UserError: the archive is damaged or is another.
    """
    splits: dict[str, list[str]] = {}
    with archived_files(archive) as files, _mask_reader() as read_mask:
        for path, content in progress(files, "masks of SBD", unit="file"):
            if path in (FOLDER / "train.txt", FOLDER / "val.txt"):
                splits[path.stem] = content.read().decode(errors="replace").split()
            elif path.parent == FOLDER / "cls" and path.stem not in skip:
                mask = read_mask(content.read())
                if mask is None or id_problem(path.stem):
                    raise UserError(f"archive {archive} holds {path}, no mask of SBD: replace it")
                write_mask(Path(folder) / f"{path.stem}.png", mask)
    for split in ("train", "val"):
        if split not in splits:
            raise UserError(f"archive {archive} has no {FOLDER}/{split}.txt: replace it")
        if any(map(id_problem, splits[split])):
            raise UserError(f"archive {archive} has a damaged {FOLDER}/{split}.txt: replace it")
    return splits


@contextmanager
def _mask_reader() -> Iterator[Callable[[bytes], np.ndarray | None]]:
    """`_mask` in a process of its own: damaged data may crash SciPy's reader."""
    given, give = FORKING.Pipe(duplex=False)
    take, taken = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=_read_masks, args=(give, given, taken), daemon=True)
    process.start()
    given.close()
    taken.close()

    def read(content: bytes) -> np.ndarray | None:
        try:
            give.send_bytes(content)
            shape = np.frombuffer(take.recv_bytes(), np.int64)
            return np.frombuffer(take.recv_bytes(), np.uint8).reshape(shape) if shape.size else None
        except (EOFError, OSError):
            return None

    try:
        yield read
    finally:
        give.close()
        process.join()
        take.close()


def _read_masks(parents: Connection, given: Connection, taken: Connection) -> None:
    """In the process: read what is given, and return the mask's shape (empty: none) and values."""
    parents.close()
    with suppress(EOFError):
        while True:
            mask = _mask(given.recv_bytes())
            taken.send_bytes(np.array([] if mask is None else mask.shape, np.int64).tobytes())
            if mask is not None:
                taken.send_bytes(mask.tobytes())


def _mask(content: bytes) -> np.ndarray | None:
    """The mask in a file of MATLAB's, H×W uint8 class ids; None where there is none."""
    try:
        objects = loadmat(io.BytesIO(content))  # type: ignore[arg-type]
        mask = objects["GTcls"]["Segmentation"][0, 0]
        return mask if mask.ndim == 2 and mask.size and mask.dtype == np.uint8 else None
    except Exception:  # SciPy's reader raises of every kind on damaged data
        return None


def trainaug(
    voc_train: Iterable[str],
    voc_val: Iterable[str],
    sbd_train: Iterable[str],
    sbd_val: Iterable[str],
) -> list[str]:
    """The field's training ids, (VOC train ∪ SBD train ∪ SBD val) - VOC val, ascending."""
    return sorted({*voc_train, *sbd_train, *sbd_val} - set(voc_val))
