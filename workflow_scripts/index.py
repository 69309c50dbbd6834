"""Read a dataset's lists and tags, check every file, and write the index."""

from importlib import import_module

from urn.datasets.index import index_from, write_index
from urn.datasets.validation import require_valid

from _job import logged

with logged(snakemake.log[0]):
    # The reader counts among the data's fingerprint.
    reader = import_module(snakemake.params.reader)
    classes, records = reader.read_source(snakemake.params.dataset)
    require_valid(f"dataset {snakemake.wildcards.dataset}", records, classes)
    write_index(snakemake.output[0], index_from(records, classes))
