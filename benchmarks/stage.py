"""Response scaling as a stage: through Snakemake on one and two cores, and computation alone.

    python -m benchmarks.stage FOLDER [--number 600]

FOLDER is in VOC's layout, with masks for more images than NUMBER. Responses are imitated and put
where the pipeline would write them; only the shard rules run.
"""

import argparse
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
import yaml

from benchmarks.imitation import VOC_SCALES, photographs
from benchmarks.measure import seconds
from urn.files.archives import read_archive, write_archive
from urn.files.images import read_image, write_grey, write_mask
from urn.uncertainty import response_scaling

REPOSITORY = Path(__file__).parents[1]
SHARD = 100


def main() -> None:
    """Prepare a folder, run the stage in it three ways, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=600)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        shards = prepare(work, arguments.folder, arguments.number)
        alone, _ = seconds(lambda: compute(work, arguments.folder, shards))
        one, _ = seconds(lambda: snakemake(work, 1, "one"))
        two, _ = seconds(lambda: snakemake(work, 2, "two"))
        print(f"{arguments.number} images in {len(shards)} shards")
        print(
            f"computing alone, one process: {alone:.0f} s ({alone / arguments.number:.2f} s/image)"
        )
        print(f"Snakemake, 1 core: {one:.0f} s, overhead {100 * (one / alone - 1):.1f} %")
        print(f"Snakemake, 2 cores: {two:.0f} s, {one / two:.2f} times as fast as 1")


def prepare(work: Path, folder: Path, number: int) -> list[list[str]]:
    """Write the index, the list of images and their responses; return the shards' ids."""
    masks = sorted((folder / "SegmentationClass").glob("*.png"))
    ids = [masks[i * len(masks) // number].stem for i in range(number)]
    (work / "train.txt").write_text("\n".join(ids) + "\n")
    (work / "val.txt").write_text(next(path.stem for path in masks if path.stem not in ids) + "\n")
    configuration = {
        "dataset": "photographs",
        "datasets": {
            "photographs": {
                "layout": "voc",
                "root": str(folder.resolve()),
                "train": str(work / "train.txt"),
                "val": str(work / "val.txt"),
                "tags": "masks",
                "teacher": "resnet18",
                "runs": {"resnet18": ["urn"]},
                "uncertainty": {"scales": list(VOC_SCALES)},
                "shard_size": SHARD,
            }
        },
    }
    (work / "config.yaml").write_text(yaml.safe_dump(configuration))
    run(work, 1, "results/photographs/index.csv")
    shards = [ids[first : first + SHARD] for first in range(0, number, SHARD)]
    entries = (
        (image_id, labels.astype(np.uint8), response)
        for image_id, (_, labels, response) in zip(ids, photographs(folder, number), strict=True)
    )
    for i, shard in enumerate(shards):
        path = responses(work, i)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_archive(path, islice(entries, len(shard)))
    return shards


def responses(work: Path, shard: int) -> Path:
    """Where the pipeline puts a shard's responses."""
    folder = work / "results/photographs/resnet18/baseline/responses"
    return folder / f"train_{shard:05d}.npz"


def compute(work: Path, folder: Path, shards: list[list[str]]) -> None:
    """Do what the shard jobs do, in this process."""
    (work / "alone").mkdir()
    for i, ids in enumerate(shards):
        for image_id, labels, response in read_archive(responses(work, i), ids):
            image = read_image(folder / "JPEGImages" / f"{image_id}.jpg")
            result = response_scaling(image, response, VOC_SCALES, labels)
            write_mask(work / "alone" / f"{image_id}.png", result.mask)
            write_grey(work / "alone" / f"{image_id}-weight.png", result.weight)


def snakemake(work: Path, cores: int, copy: str) -> None:
    """Run the shard rules through Snakemake; their outputs are then moved aside."""
    ids = (work / "train.txt").read_text().split()
    number = -(-len(ids) // SHARD)
    rules = [f"uncertainty_photographs_{i:05d}" for i in range(number)]
    targets = [f"results/photographs/resnet18/weights/{i}.png" for i in ids]
    run(work, cores, *targets, "--notemp", "--allowed-rules", *rules)
    for kind in ("weights", "cyclic_masks"):
        (work / f"results/photographs/resnet18/{kind}").rename(work / f"{kind}-{copy}")


def run(work: Path, cores: int, *arguments: str) -> None:
    """Snakemake in `work` with this repository's Snakefile."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", str(cores)]
    command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(work)]
    command += ["--workflow-profile", str(REPOSITORY / "profiles/default")]
    command += ["--rerun-triggers", "mtime", "--configfile", str(work / "config.yaml")]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
