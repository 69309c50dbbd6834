"""Make the masks of a dataset in COCO's layout from its annotations, and its lists with tags."""

from urn.datasets.coco import COCO_CLASSES
from urn.datasets.instances import read_instances, write_semantic_masks, write_tag_list

from _job import logged

with logged(snakemake.log[0]):
    found = [read_instances(annotations, COCO_CLASSES) for annotations in snakemake.input]
    for images, tag_list in zip(found, snakemake.output, strict=True):
        write_semantic_masks(images, snakemake.params.masks, snakemake.threads)
        write_tag_list(tag_list, images)
        print(f"{tag_list}: {len(images)} images with at least one tag")
