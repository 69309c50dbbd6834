"""What a run will cost, from measured rates."""

from collections.abc import Iterable

import pandas as pd


def estimate(work: Iterable[tuple[str, str, int, int]], rates: pd.DataFrame) -> pd.DataFrame:
    """A row for every stage, and their total; rounded to two digits.

    Args:
        work: stage, what it works for, number of jobs, number of images.
        rates: by stage, what an image takes: `seconds`, `cpu_seconds`, `gpu_seconds` and
            `kilobytes` of disk; NaN where it was not measured.

    Returns:
        Columns `stage`, `of`, `jobs`, `images`, `hours`, `core_hours`, `gpu_hours`, `disk_gb`.
    """
    table = pd.DataFrame(list(work), columns=["stage", "of", "jobs", "images"])
    rate = rates.loc[table["stage"]].reset_index(drop=True)
    table["hours"] = table["images"] * rate["seconds"] / 3600
    table["core_hours"] = table["images"] * rate["cpu_seconds"] / 3600
    table["gpu_hours"] = table["images"] * rate["gpu_seconds"] / 3600
    table["disk_gb"] = table["images"] * rate["kilobytes"] / 1e6
    total = table[["jobs", "hours", "core_hours", "gpu_hours", "disk_gb"]].sum(min_count=1)
    return pd.concat([table, pd.DataFrame([{"stage": "total", **total}])]).round(2)
