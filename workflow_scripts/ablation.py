"""An ablation's table, mean and standard deviation over the seeds, and its figure."""

import numpy as np
import pandas as pd

from urn.figures.charts import ablation
from urn.figures.style import save
from urn.files.atomic import atomic_path

from _job import logged
from _tables import read_score, read_table


def score(file: str) -> float:
    """The number in a file: an mIoU, or a table's AUROC."""
    if file.endswith(".tsv"):
        return float(read_table(file, ["auroc"])["auroc"].item())
    return read_score(file)[0]


with logged(snakemake.log[0]):
    rows = []
    for cell in snakemake.params.cells:
        values = [score(file) for file in cell["files"]]
        mean = float(np.mean(values))
        std = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        digits = 3 if mean < 1 else 2
        rows.append(
            {
                "setting": cell["setting"],
                "series": cell["series"],
                "measure": cell["measure"],
                "mean": round(mean, digits + 1),
                "std": round(std, digits + 1),
                "runs": len(values),
                "score": f"{mean:.{digits}f}" + (f" ± {std:.{digits}f}" if len(values) > 1 else ""),
            }
        )
    table = pd.DataFrame(rows)
    with atomic_path(snakemake.output.table) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
    params = snakemake.params
    save(ablation(table, params.axis, params.joined), snakemake.output.figure)
