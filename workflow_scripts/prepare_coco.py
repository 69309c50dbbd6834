"""Make the masks of a dataset in COCO's layout from its annotations, and its lists with tags."""

from urn.datasets import official
from urn.datasets.claims import claim
from urn.datasets.coco import COCO_CLASSES
from urn.datasets.instances import read_instances, write_semantic_masks, write_tag_list

from _job import logged

with logged(snakemake.log[0]):
    masks = snakemake.params.masks
    claim(masks)
    found = [read_instances(annotations, COCO_CLASSES) for annotations in snakemake.input]
    for images, annotations, expected in zip(
        found, snakemake.input, snakemake.params.expected, strict=True
    ):
        if expected:
            ids, what = [image.id for image in images], f"the images with objects in {annotations}"
            fix = "replace the file, or set download: false if it is one of your own"
            official.require(ids, official.ids(**expected), what, fix)
    for images in found:
        write_semantic_masks(images, masks, snakemake.threads)
    for images, tag_list in zip(found, snakemake.output, strict=True):
        write_tag_list(tag_list, images)
        print(f"{tag_list}: {len(images)} images with at least one tag")
    claim(masks)
