"""What every stage cost, from its jobs' benchmarks: table and figure."""

import re
from pathlib import Path

import pandas as pd

from urn.figures.charts import bars
from urn.figures.style import save
from urn.files.atomic import atomic_path

from _job import logged
from _tables import read_table

SPLITS = {"predictions_": "val", "test_predictions_": "test"}  # of stages that do not name theirs
SMALLEST = 0.01  # stages with less than this share of the whole are drawn as one


def images_of(job: str) -> int:
    """Images that a job handled; a training counts an image each time it sees it."""
    shard = re.fullmatch(r".+?(_(?P<split>train|val|test))?_(?P<number>\d{5})", job)
    if shard is None:
        return images_of_training(job)
    of_stage = [split for stage, split in SPLITS.items() if job.startswith(stage)]
    split = [*of_stage, shard["split"] or "train"][0]
    return snakemake.params.shards.get(split, {}).get(shard["number"], 0)


def images_of_training(job: str) -> int:
    """Images that a training saw, of any seed and supervision; 0 for jobs of another kind."""
    trainings = snakemake.params.trainings
    fitting = [name for name in trainings if re.match(rf"{re.escape(name)}(_|-seed|$)", job)]
    return trainings[max(fitting, key=len)] if fitting else 0


with logged(snakemake.log[0]):
    files = sorted(Path(snakemake.params.benchmarks).glob("*.tsv"))
    files = [file for file in files if file.stem != "cost"]  # an earlier run's own
    jobs = pd.concat([read_table(file, ["s", "max_rss"], na_values="-") for file in files])
    jobs["stage"] = [re.sub(r"_\d{5}$", "", file.stem) for file in files]
    jobs["images"] = [images_of(file.stem) for file in files]
    table = jobs.groupby("stage").agg(
        jobs=("s", "size"),
        images=("images", "sum"),
        hours=("s", "sum"),
        cpu_hours=("cpu_time", "sum"),
        peak_memory_mb=("max_rss", "max"),
    )
    table["images_per_second"] = table["images"] / table["hours"]
    table[["hours", "cpu_hours"]] /= 3600
    table = table.sort_values("hours", ascending=False)
    with atomic_path(snakemake.output.table) as temporary:
        table.round(4).to_csv(temporary, sep="\t")
    large = table["hours"] >= SMALLEST * table["hours"].sum()
    minutes = table["hours"] * 60
    drawn = {name: minutes[name] for name in table.index[large]}
    drawn[f"{(~large).sum()} smaller ones"] = minutes[~large].sum()
    save(
        bars(list(drawn), list(drawn.values()), "minutes of all its jobs"), snakemake.output.figure
    )
