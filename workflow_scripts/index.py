"""Read a dataset's lists and tags, check every file, and write the index."""

from urn.datasets.coco import COCO_CLASSES, coco_records
from urn.datasets.folder import folder_records
from urn.datasets.index import index_from, write_index
from urn.datasets.shapes import SHAPES_CLASSES, shapes_records
from urn.datasets.validation import require_valid
from urn.datasets.voc import VOC_CLASSES, voc_records

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
        case "coco":
            classes = COCO_CLASSES
            records = coco_records(dataset["root"], dataset["train"], dataset["val"])
        case _:
            classes = dataset["classes"]
            records = folder_records(
                dataset["images"], dataset["train"], dataset.get("val"), dataset.get("masks")
            )
    require_valid(f"dataset {snakemake.wildcards.dataset}", records, classes)
    write_index(snakemake.output[0], index_from(records, classes))
