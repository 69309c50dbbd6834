"""Predicted masks of a shard: dense CRF on the responses."""

from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import image_size, read_image, write_mask
from urn.progress import progress
from urn.refinement import crf_mask

from _job import logged

with logged(snakemake.log[0]):
    ids = snakemake.params.ids
    index = read_index(snakemake.input.index)
    entries = read_archive(snakemake.input.responses, ids)
    for path, (image_id, labels, response) in zip(
        snakemake.output, progress(entries, "predictions", len(ids)), strict=True
    ):
        image = read_image(index[image_id].image, snakemake.params.working_size)
        mask = crf_mask(image, response, labels, backend=snakemake.params.crf_backend)
        write_mask(path, mask, image_size(index[image_id].image))
