"""Check the images of a test split, which has neither tags nor masks, and write their index."""

from urn.datasets.index import index_from, write_index
from urn.datasets.readers import read_test
from urn.datasets.validation import require_valid

from _job import logged

with logged(snakemake.log[0]):
    classes, records = read_test(snakemake.params.dataset)
    require_valid(f"the test split of {snakemake.wildcards.dataset}", records, classes)
    write_index(snakemake.output[0], index_from(records, classes))
