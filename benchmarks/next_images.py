"""What it gains to correct the images of tables/next.tsv, against as many drawn at random.

    python -m benchmarks.next_images FOLDER WORK [--number 30] [--seeds 0 1] [--cores 2]

FOLDER is voc12-mini, in VOC's layout; its true masks stand for those that a person would draw. For
every seed of the segmentation models there are three runs in WORK: without corrections, with those
of the images that the first run names, and with those of random ones. It prints the mIoU of `urn`
on val after each. WORK is kept: the same command goes on after a stop.
"""

import argparse
import csv
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from rules.plan.paths import Paths
from urn.datasets.layouts import voc_mask

REPOSITORY = Path(__file__).parents[1]
CONFIGURATION = REPOSITORY / "docs" / "configurations" / "voc12-mini.yaml"
BACKBONE, PATHS = "efficientnet_lite0", Paths("voc12-mini")


@dataclass(frozen=True)
class Setting:
    """What all runs have in common.

    Attributes:
        folder: the images and true masks.
        work: where they run.
        number: of images to correct.
        cores: that they use.
    """

    folder: Path
    work: Path
    number: int
    cores: int


def main() -> None:
    """Run every case of every seed, and print its score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--number", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    setting = Setting(given.folder.resolve(), given.work.resolve(), given.number, given.cores)
    train = (setting.folder / "ImageSets" / "Segmentation" / "train.txt").read_text().split()
    print("seed\tcorrected\tmIoU")
    for seed in given.seeds:
        print(f"{seed}\tnone\t{score(setting, seed, 'none', [])}", flush=True)
        chosen = next_images(setting, seed)
        drawn = random.Random(seed).sample(train, len(chosen))
        for case, images in (("next", chosen), ("random", drawn)):
            print(f"{seed}\t{case}\t{score(setting, seed, case, images)}", flush=True)


def score(setting: Setting, seed: int, case: str, images: list[str]) -> str:
    """The mIoU of `urn` on val once some images are corrected; what was scored before is kept."""
    kept = setting.work / f"{case}_seed{seed}"
    if not (kept / "miou.txt").exists():
        corrections = kept / "corrections"
        corrections.mkdir(parents=True, exist_ok=True)
        for image in images:
            shutil.copy(voc_mask(setting.folder, image), corrections / f"{image}.png")
        made = [PATHS.next_images(_backbone(seed)), PATHS.final_score(_backbone(seed))]
        run(setting, made, corrections if images else None)
        for file in made:  # the score last, as it says that all is there
            shutil.copy(setting.work / file, kept)
    return (kept / "miou.txt").read_text().split()[0]


def next_images(setting: Setting, seed: int) -> list[str]:
    """Those that the run without corrections named."""
    table = setting.work / f"none_seed{seed}" / "next.tsv"
    with table.open(encoding="utf-8", newline="") as file:
        return [row["image"] for row in csv.DictReader(file, delimiter="\t")]


def run(setting: Setting, targets: list[str], corrections: Path | None, *options: str) -> None:
    """Run Snakemake for some files, with the corrections in a folder, if any."""
    configuration = yaml.safe_load(CONFIGURATION.read_text()) | {"next_images": setting.number}
    entry = configuration["datasets"][PATHS.dataset]
    entry["root"] = str(setting.folder)
    if corrections:
        entry["corrections"] = str(corrections)
    file = setting.work / "config.yaml"
    file.write_text(yaml.safe_dump(configuration))
    command = [sys.executable, "-m", "snakemake", "--cores", str(setting.cores), *options]
    command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(setting.work)]
    command += ["--workflow-profile", str(REPOSITORY / "profiles" / "default")]
    command += ["--configfile", str(file), "--", *targets]
    subprocess.run(command, check=True, stdout=sys.stderr)


def _backbone(seed: int) -> str:
    """The folder of a seed's models, as the configuration's seed is 0."""
    return f"{BACKBONE}-seed{seed}" if seed else BACKBONE


if __name__ == "__main__":
    main()
