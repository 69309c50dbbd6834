"""Masks of many images, as files, and a table of them."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.prediction.model import Model, load
from urn.prediction.outputs import Outputs
from urn.prediction.sources import Source
from urn.prediction.workers import Row, Work, each_done
from urn.progress import progress

TABLE, RECORD = "predictions.csv", "predictions.json"


@dataclass(frozen=True)
class Predicted:
    """What `predict` did.

    Attributes:
        classes: names by id, the background's first; "" for an id without a class.
        rows: of every image, in the order of the table.
    """

    classes: tuple[str, ...]
    rows: list[Row]

    @property
    def faults(self) -> list[str]:
        """Why images could not be predicted."""
        return [row.fault for row in self.rows if row.fault]


def predict(
    model: Path,
    sources: Sequence[Source],
    outputs: Outputs,
    options: Mapping[str, Any],
    processes: int = 1,
    overwrite: bool = False,
) -> Predicted:
    """Predict images, write their files and a table of them, predictions.csv.

    Files that are there are kept, so that a stopped run goes on. An image that cannot be predicted
    does not stop the others.

    Args:
        model: file of the model.
        sources: the images.
        outputs: the files to make.
        options: `fast` and `changes` of `urn.prediction.model.load`.
        processes: how many share the images, each with a GPU if there are any.
        overwrite: make all files anew.

    Raises:
        UserError: the model cannot be loaded; or the folder has predictions of another model or
            with other settings, and is not to be overwritten.
    """
    loaded = load(model, **options)
    since = _record(outputs.folder / RECORD, model, loaded, overwrite)
    earlier = _seconds(outputs.folder / TABLE)
    work = Work(model, options, outputs, since)
    rows: list[Row] = []
    try:
        with closing(each_done(work, loaded, sources, processes)) as done:
            rows.extend(progress(done, "predict", len(sources)))
    finally:
        rows.sort(key=lambda row: -(row.uncertainty or 0))
        _write_table(outputs, loaded.classes, [row for row in rows if not row.fault], earlier)
    return Predicted(loaded.classes, rows)


def _record(path: Path, model: Path, loaded: Model, overwrite: bool) -> int:
    """Keep whose predictions the folder has; files older than this record are made anew.

    Returns:
        When it was written, in nanoseconds.
    """
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # Through JSON, which knows no tuples.
    record = json.loads(json.dumps({"sha256": digest, "prediction": asdict(loaded.settings)}))
    if not overwrite and path.exists():
        try:
            same = json.loads(path.read_text(encoding="utf-8")) == record
        except ValueError:
            same = False
        if not same:
            raise UserError(
                f"{path.parent} holds predictions of another model or with other settings: name "
                "another folder, or replace them with --overwrite"
            )
        return path.stat().st_mtime_ns
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path.stat().st_mtime_ns


def _write_table(
    outputs: Outputs, classes: Sequence[str], rows: Sequence[Row], earlier: Mapping[str, str]
) -> None:
    """A line for every image: seconds, mean uncertainty if it is made, share of every class."""
    uncertain = "uncertainty" in outputs.kinds
    columns = ["image", "seconds", *["uncertainty"] * uncertain]
    columns += [f"share of {name}" for name in classes if name]
    with (
        atomic_path(outputs.folder / TABLE) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            seconds = earlier.get(row.image, "") if row.seconds is None else f"{row.seconds:.3f}"
            shares = [
                f"{share:.4f}" for share, name in zip(row.shares, classes, strict=True) if name
            ]
            mean = [f"{row.uncertainty:.4f}"] if uncertain else []
            writer.writerow([row.image, seconds, *mean, *shares])


def _seconds(path: Path) -> dict[str, str]:
    """The seconds of every image in an earlier table, if there is one."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return {row["image"]: row["seconds"] for row in csv.DictReader(file)}
    except (OSError, LookupError, csv.Error):
        return {}
