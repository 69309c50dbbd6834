"""An ablation's table, mean and standard deviation over the seeds, and its figure."""

from urn.figures.charts import ablation
from urn.figures.style import save
from urn.report.ablation import Cell, ablation_table

from _job import logged
from _scores import read_score
from _tables import read_table, write_table


def score(file: str) -> float:
    """The number in a file: an mIoU, or a table's AUROC."""
    if file.endswith(".tsv"):
        return float(read_table(file, ["auroc"])["auroc"].item())
    return read_score(file)[0]


with logged(snakemake.log[0]):
    params = snakemake.params
    cells = [
        Cell(cell["setting"], cell["series"], cell["measure"], [score(f) for f in cell["files"]])
        for cell in params.cells
    ]
    table = ablation_table(cells)
    write_table(snakemake.output.table, table)
    save(ablation(table, params.axis, params.joined), snakemake.output.figure)
