"""Read a dataset's lists and tags, check every file, and write the index."""

from urn.datasets.index import index_from, write_index
from urn.datasets.readers import read
from urn.datasets.validation import require_valid

from _job import logged

with logged(snakemake.log[0]):
    classes, records = read(snakemake.params.dataset)
    require_valid(f"dataset {snakemake.wildcards.dataset}", records, classes)
    write_index(snakemake.output[0], index_from(records, classes))
