"""What it gains to correct the images of tables/next.tsv, against as many drawn at random.

    python -m benchmarks.next_images CONFIGURATION WORK [--number 30] [--seeds 0 1] [--cores 2]
        [--supervision urn]

CONFIGURATION is a file like docs/configurations/voc12-mini.yaml, whose dataset is in VOC's layout;
its true masks stand for those that a person would draw. For every seed of the segmentation models
there are three runs in WORK: without corrections, with those of the images that the first run
names, and with those of random ones. It prints the mIoU on val after each of a model of the
dataset's teacher, for which `baseline` is enough if there is little time. WORK is kept: the same
command goes on after a stop.
"""

import argparse
import csv
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from rules.plan import configuration
from rules.plan.paths import Paths
from urn.datasets.layouts import voc_mask

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Setting:
    """What all runs have in common.

    Attributes:
        file: the configuration's.
        work: where they run.
        number: of images to correct.
        cores: that they use.
        supervision: of the model that is scored.
    """

    file: Path
    work: Path
    number: int
    cores: int
    supervision: str

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """What the file says, and how many images are to be named."""
        given: dict[str, Any] = yaml.safe_load(self.file.read_text())
        return given | {"next_images": self.number}

    @property
    def dataset(self) -> dict[str, Any]:
        """Its entry."""
        entry: dict[str, Any] = self.configuration["datasets"][self.configuration["dataset"]]
        return entry

    @property
    def paths(self) -> Paths:
        """Those of the dataset."""
        return Paths(self.configuration["dataset"])

    def backbone(self, seed: int) -> str:
        """The folder of a seed's models."""
        plain = self.configuration.get("seed", 0)
        return configuration.seeded(self.dataset["teacher"], seed, plain)


def main() -> None:
    """Run every case of every seed, and print its score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--number", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--supervision", default="urn")
    given = parser.parse_args()
    work = given.work.resolve()
    setting = Setting(given.configuration, work, given.number, given.cores, given.supervision)
    root = Path(setting.dataset["root"]).resolve()
    setting.dataset["root"] = str(root)
    train = (root / setting.dataset["train"]).read_text().split()
    print("seed\tcorrected\tmIoU")
    for seed in given.seeds:
        print(f"{seed}\tnone\t{score(setting, seed, 'none', [])}", flush=True)
        chosen = next_images(setting, seed)
        drawn = random.Random(seed).sample(train, len(chosen))
        for case, images in (("next", chosen), ("random", drawn)):
            print(f"{seed}\t{case}\t{score(setting, seed, case, images)}", flush=True)


def score(setting: Setting, seed: int, case: str, images: list[str]) -> str:
    """The mIoU on val once some images are corrected; what was scored before is kept."""
    kept = setting.work / f"{case}_seed{seed}"
    if not (kept / "miou.txt").exists():
        corrections = kept / "corrections"
        corrections.mkdir(parents=True, exist_ok=True)
        for image in images:
            mask = voc_mask(Path(setting.dataset["root"]), image)
            shutil.copy(mask, corrections / f"{image}.png")
        backbone, paths = setting.backbone(seed), setting.paths
        made = [paths.prediction_scores(backbone, setting.supervision).miou]
        made += [] if images else [paths.next_images(backbone)]
        run(setting, made, corrections if images else None)
        for file in reversed(made):  # the score last, as it says that all is there
            shutil.copy(setting.work / file, kept)
    return (kept / "miou.txt").read_text().split()[0]


def next_images(setting: Setting, seed: int) -> list[str]:
    """Those that the run without corrections named."""
    table = setting.work / f"none_seed{seed}" / "next.tsv"
    with table.open(encoding="utf-8", newline="") as file:
        return [row["image"] for row in csv.DictReader(file, delimiter="\t")]


def run(setting: Setting, targets: list[str], corrections: Path | None, *options: str) -> None:
    """Run Snakemake for some files, with the corrections in a folder, if any."""
    drawn = {"corrections": str(corrections)} if corrections else {}
    name = setting.paths.dataset
    datasets = setting.configuration["datasets"] | {name: setting.dataset | drawn}
    file = setting.work / "config.yaml"
    file.write_text(yaml.safe_dump(setting.configuration | {"datasets": datasets}))
    command = [sys.executable, "-m", "snakemake", "--cores", str(setting.cores), *options]
    command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(setting.work)]
    command += ["--workflow-profile", str(REPOSITORY / "profiles" / "default")]
    command += ["--configfile", str(file), "--", *targets]
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
