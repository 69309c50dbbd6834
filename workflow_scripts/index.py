"""Read a dataset's lists and tags, check every file, and write the index."""

from urn.datasets.folder import folder_records
from urn.datasets.index import index_from, write_index
from urn.datasets.shapes import SHAPES_CLASSES, shapes_records
from urn.datasets.validation import validate
from urn.datasets.voc import VOC_CLASSES, voc_records
from urn.errors import UserError

from _job import logged

with logged(snakemake.log[0]):
    dataset = snakemake.params.dataset
    match dataset["layout"]:
        case "shapes":
            classes = SHAPES_CLASSES
            records = shapes_records(dataset["root"])
        case "voc":
            classes = dataset.get("classes", VOC_CLASSES)
            records = voc_records(
                dataset["root"],
                classes,
                dataset["train"],
                dataset["val"],
                dataset.get("tags", "masks"),
            )
        case _:
            classes = dataset["classes"]
            records = folder_records(
                dataset["images"], dataset["train"], dataset.get("val"), dataset.get("masks")
            )
    findings = validate(records, classes)
    if findings:
        count = f"{len(findings)} fault{'s' if len(findings) > 1 else ''}"
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise UserError(f"dataset {snakemake.wildcards.dataset} has {count} to mend:\n{lines}")
    write_index(snakemake.output[0], index_from(records, classes))
