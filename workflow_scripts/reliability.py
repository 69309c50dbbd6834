"""How often uncertain pixels of the cyclic masks are wrong: table and figure."""

from urn.evaluation import shares_at_most
from urn.figures.charts import reliability
from urn.figures.style import save

from _job import logged
from _tables import read_table, write_table

with logged(snakemake.log[0]):
    t = snakemake.params.t
    by_weight = read_table(snakemake.input.by_weight, [])
    table = read_table(snakemake.input.scores, [])
    share, wrong = shares_at_most(by_weight, t)
    table["t"] = t
    table["share_at_most_t"] = round(share, 4)
    table["wrong_share_at_most_t"] = round(wrong, 4)
    write_table(snakemake.output.table, table)
    save(reliability(by_weight, t), snakemake.output.figure)
