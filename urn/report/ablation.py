"""The table of an ablation: means and standard deviations over the seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Cell:
    """A setting's scores.

    Attributes:
        setting: the value of what the ablation varies.
        series: which of several things is compared at every setting.
        measure: what the scores are.
        values: one for every seed, at least one.
    """

    setting: str
    series: str
    measure: str
    values: Sequence[float]


def ablation_table(cells: Iterable[Cell]) -> pd.DataFrame:
    """A row for every cell: its names, `mean`, `std`, `runs`, and both as text in `score`.

    The standard deviation is the sample's, NaN where there is but one seed. A mean below 1 (a share
    or an AUROC) gets three digits in the text, others (per cent) two.
    """
    rows = []
    for cell in cells:
        several = len(cell.values) > 1
        mean = float(np.mean(cell.values))
        std = float(np.std(cell.values, ddof=1)) if several else float("nan")
        digits = 3 if mean < 1 else 2
        rows.append(
            {
                "setting": cell.setting,
                "series": cell.series,
                "measure": cell.measure,
                "mean": round(mean, digits + 1),
                "std": round(std, digits + 1),
                "runs": len(cell.values),
                "score": f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if several else ""),
            }
        )
    return pd.DataFrame(rows)
