"""Snakemake's own cost at full size, for the eight targets of VOC 2012 and COCO 2014.

    python -m benchmarks.dry_run LISTS [--targets voc/res2net101 ...] [--limit N]

LISTS is a folder with the real lists of ids: voc12_trainaug.txt, voc12_val.txt, coco14_train.txt,
coco14_val.txt. Images are empty files in a temporary folder. For every target it prints what a dry
run takes when nothing exists, and again when every file exists and nothing is to be done.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from urn.datasets.layouts import coco_image, coco_mask, voc_annotation, voc_image, voc_mask

REPOSITORY = Path(__file__).parents[1]
BACKBONES = ("res2net101", "resnet38", "resnet101", "scalenet101")
TARGETS = [f"{dataset}/{backbone}" for dataset in ("voc", "coco") for backbone in BACKBONES]


@dataclass(frozen=True)
class DryRun:
    """Wall time, processor time, peak memory and number of jobs of a dry run."""

    seconds: float
    processor_seconds: float
    gigabytes: float
    jobs: int

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s ({self.processor_seconds:.1f} s of processor time), "
            f"{self.gigabytes:.2f} GB, {self.jobs} jobs"
        )


def main() -> None:
    """Prepare a folder, dry-run every target, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lists", type=Path)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=TARGETS)
    parser.add_argument("--limit", type=int, help="only so many ids of each list")
    arguments = parser.parse_args()
    for target in arguments.targets:
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            write_datasets(work, arguments.lists, [target.split("/")[0]], arguments.limit)
            print(f"{target}: from nothing {dry_run(work, target)}", flush=True)
            touch_everything(work, target)
            print(f"{target}: nothing to do {dry_run(work, target)}", flush=True)


def write_datasets(
    work: Path, lists: Path, datasets: list[str], limit: int | None = None
) -> dict[str, int]:
    """Write lists where VOC and COCO have them, and empty files: a copy of the user's own.

    Returns:
        The number of ids by list.
    """
    voc, coco, downloads = (work / "data" / name for name in ("voc", "coco", "downloads"))
    voc_files = (voc_image, voc_mask, voc_annotation)
    splits = {
        "voc": [
            ("voc12_trainaug", voc / "ImageSets/Segmentation/trainaug.txt", voc, voc_files),
            ("voc12_val", voc / "ImageSets/Segmentation/val.txt", voc, voc_files),
        ],
        "coco": [
            (
                f"coco14_{split}",
                coco / f"lists/{split}2014.txt",
                coco,
                (partial(_coco_image, f"{split}2014"), coco_mask),
            )
            for split in ("train", "val")
        ],
    }
    counts = {}
    for source, place, root, files in [row for dataset in datasets for row in splits[dataset]]:
        ids = [line.split()[0] for line in (lists / f"{source}.txt").read_text().splitlines()]
        ids = ids[:limit]
        counts[source] = len(ids)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join([*ids, ""]))
        for folder in {file(root, "").parent for file in files}:
            folder.mkdir(parents=True, exist_ok=True)
        for image_id in ids:
            for file in files:
                file(root, image_id).touch()
    downloads.mkdir(parents=True, exist_ok=True)
    (downloads / "scalenet101.pth").touch()  # nobody but the user can fetch it
    return counts


def _coco_image(folder: str, root: Path, image_id: str) -> Path:
    return coco_image(root, folder, image_id)


def dry_run(work: Path, target: str) -> DryRun:
    """`snakemake --dry-run` of a target's final score."""
    start = time.perf_counter()
    run = subprocess.Popen(
        command(work, target, "--dry-run", "--quiet", "rules"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = run.stdout.read()
    _, status, usage = os.wait4(run.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"snakemake failed on {target}:\n{output}")
    total = re.search(r"^total +(\d+)$", output, re.MULTILINE)
    processor_seconds = usage.ru_utime + usage.ru_stime
    jobs = int(total.group(1)) if total else 0
    return DryRun(seconds, processor_seconds, usage.ru_maxrss / 1e6, jobs)


def touch_everything(work: Path, target: str) -> None:
    """Create every file that the target needs, empty, as if the pipeline had run."""
    summary = subprocess.run(
        command(work, target, "--summary"), capture_output=True, text=True, check=True
    ).stdout
    now = time.time_ns()
    for line in summary.splitlines()[1:]:
        path = work / line.split("\t")[0]
        if "/responses/" not in path.as_posix():  # they are temporary
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, ns=(now, now))  # of equal age, so that none is out of date


def command(work: Path, target: str, *arguments: str) -> list[str]:
    """Snakemake in `work`, on the final score of a target such as voc/res2net101."""
    return [
        *(sys.executable, "-m", "snakemake", f"results/{target}/miou.txt", *arguments),
        *("--cores", "1", "--directory", str(work), "--snakefile", str(REPOSITORY / "Snakefile")),
        *("--workflow-profile", str(REPOSITORY / "profiles" / "default")),
    ]


if __name__ == "__main__":
    main()
