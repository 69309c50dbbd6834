"""Make the masks of a dataset in COCO's layout from its annotations, and its lists with tags."""

from urn.datasets.coco import COCO_CLASSES
from urn.datasets.instances import read_instances, write_semantic_masks, write_tag_list

from _job import logged

with logged(snakemake.log[0]):
    for annotations, tag_list in zip(snakemake.input, snakemake.output, strict=True):
        images = read_instances(annotations, COCO_CLASSES)
        write_semantic_masks(images, snakemake.params.masks, snakemake.threads)
        write_tag_list(tag_list, images)
        print(f"{tag_list}: {len(images)} images with at least one tag")
