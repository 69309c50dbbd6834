"""The confident pixels of a shard's CAMs."""

from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import image_size, read_image, write_mask
from urn.progress import progress
from urn.refinement import confident_mask

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    ids = snakemake.params.ids
    entries = read_archive(snakemake.input.cams, ids)
    for path, (image_id, labels, cams) in zip(
        snakemake.output, progress(entries, "rough masks", len(ids)), strict=True
    ):
        image = read_image(index[image_id].image, snakemake.params.working_size)
        named = dict(zip(labels.tolist(), cams, strict=True))
        mask = confident_mask(image, named, **snakemake.params.options)
        write_mask(path, mask, image_size(index[image_id].image))
