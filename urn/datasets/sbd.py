"""The Semantic Boundaries Dataset: more masks for VOC's images (Hariharan et al., ICCV 2011)."""

import io
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

import numpy as np
from scipy.io import loadmat

from urn.datasets.ids import id_problem
from urn.datasets.unpack import archived_files
from urn.errors import UserError
from urn.files.images import write_mask
from urn.progress import progress

FOLDER = PurePosixPath("benchmark_RELEASE/dataset")


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
    with archived_files(archive) as files:
        for path, content in progress(files, "masks of SBD", unit="file"):
            if path in (FOLDER / "train.txt", FOLDER / "val.txt"):
                splits[path.stem] = content.read().decode(errors="replace").split()
            elif path.parent == FOLDER / "cls" and path.stem not in skip:
                mask = _mask(content.read())
                if mask is None or id_problem(path.stem):
                    raise UserError(f"archive {archive} holds {path}, no mask of SBD: replace it")
                write_mask(Path(folder) / f"{path.stem}.png", mask)
    for split in ("train", "val"):
        if split not in splits:
            raise UserError(f"archive {archive} has no {FOLDER}/{split}.txt: replace it")
        if any(map(id_problem, splits[split])):
            raise UserError(f"archive {archive} has a damaged {FOLDER}/{split}.txt: replace it")
    return splits


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
