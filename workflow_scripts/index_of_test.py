"""Check the images of a test split, which has neither tags nor masks, and write their index."""

from urn.datasets.index import index_from, write_index
from urn.datasets.validation import require_valid
from urn.datasets.voc import VOC_CLASSES, voc_test_records

from _job import logged

with logged(snakemake.log[0]):
    dataset = snakemake.params.dataset
    classes = dataset.get("classes", VOC_CLASSES)
    records = voc_test_records(dataset["root"], dataset["test"])
    require_valid(f"the test split of {snakemake.wildcards.dataset}", records, classes)
    write_index(snakemake.output[0], index_from(records, classes))
