"""What every stage of a run cost, from what its jobs took."""

import re
from collections.abc import Mapping

import pandas as pd

SPLITS = {"predictions_": "val", "test_predictions_": "test"}  # of stages that do not name theirs
SMALLEST = 0.01  # stages with less than this share of the whole are drawn as one

# Split -> shard -> number of its images.
Shards = Mapping[str, Mapping[str, int]]


def stage_of(job: str) -> str:
    """A job's name without the number of its shard."""
    return re.sub(r"_\d{5}$", "", job)


def images_of(job: str, shards: Shards, trainings: Mapping[str, int]) -> int:
    """Images that a job handled.

    Args:
        job: its name; of a shard's job, `<stage>[_<split>]_<shard>`.
        shards: the dataset's; those of train where neither job nor stage names the split.
        trainings: name -> images that it saw, an image as often as it was seen. It counts for
            trainings of any seed and supervision, too; jobs of another kind have 0 images.
    """
    shard = re.fullmatch(r".+?(_(?P<split>train|val|test))?_(?P<number>\d{5})", job)
    if shard is None:
        fitting = [name for name in trainings if re.match(rf"{re.escape(name)}(_|-seed|$)", job)]
        return trainings[max(fitting, key=len)] if fitting else 0
    of_stage = [split for stage, split in SPLITS.items() if job.startswith(stage)]
    split = [*of_stage, shard["split"] or "train"][0]
    return shards.get(split, {}).get(shard["number"], 0)


def cost_table(jobs: pd.DataFrame, shards: Shards, trainings: Mapping[str, int]) -> pd.DataFrame:
    """Jobs, images, time and memory of every stage, the dearest first.

    Args:
        jobs: by name, `s` (seconds), `cpu_time` (seconds of a core) and `max_rss` (MB).
        shards: see `images_of`.
        trainings: see `images_of`.

    Returns:
        By stage, `jobs`, `images`, `hours`, `cpu_hours`, `peak_memory_mb`, `images_per_second`.
    """
    names = [str(name) for name in jobs.index]
    jobs = jobs.assign(
        stage=[stage_of(name) for name in names],
        images=[images_of(name, shards, trainings) for name in names],
    )
    table = jobs.groupby("stage").agg(
        jobs=("s", "size"),
        images=("images", "sum"),
        hours=("s", "sum"),
        cpu_hours=("cpu_time", "sum"),
        peak_memory_mb=("max_rss", "max"),
    )
    table["images_per_second"] = table["images"] / table["hours"]
    table[["hours", "cpu_hours"]] /= 3600
    return table.sort_values("hours", ascending=False)


def minutes_drawn(table: pd.DataFrame) -> dict[str, float]:
    """Minutes of the stages of a `cost_table`, all small ones together."""
    large = table["hours"] >= SMALLEST * table["hours"].sum()
    minutes = table["hours"] * 60
    drawn = {str(name): float(minutes[name]) for name in table.index[large]}
    return drawn | {f"{(~large).sum()} smaller ones": float(minutes[~large].sum())}
