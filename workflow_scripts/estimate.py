"""Estimate what a run will cost, from measured rates."""

from urn import progress
from urn.report.estimate import estimate

from _job import logged
from _tables import read_table, write_table

with logged(snakemake.log[0]):
    rates = read_table(snakemake.input.rates, ["stage"], comment="#", index_col="stage")
    table = estimate(snakemake.params.work, rates)
    write_table(snakemake.output[0], table)
    print(f"\n{table.to_string(index=False, na_rep='')}\n", file=progress.terminal)
