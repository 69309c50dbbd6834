"""What the CRF is sure of in a shard's CAMs."""

from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import image_size, read_image, write_mask
from urn.progress import progress
from urn.refinement import agreed_mask

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    params = snakemake.params
    entries = read_archive(snakemake.input.cams, params.ids)
    for path, (image_id, labels, cams) in zip(
        snakemake.output, progress(entries, "affinity labels", len(params.ids)), strict=True
    ):
        image = read_image(index[image_id].image, params.working_size)
        named = dict(zip(labels.tolist(), cams, strict=True))
        mask = agreed_mask(image, named, params.alphas, params.crf_backend)
        write_mask(path, mask, image_size(index[image_id].image))
