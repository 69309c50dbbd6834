"""Weight masks of a shard by another method than the configured response scaling."""

from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import image_size, read_image, write_grey
from urn.measures import METHODS
from urn.progress import progress
from urn.uncertainty import normalised, response_scaling, weight_mask

from _job import logged

with logged(snakemake.log[0]):
    params = snakemake.params
    ids, backend, row = params.ids, params.crf_backend, params.measure
    index = read_index(snakemake.input.index)
    responses = read_archive(snakemake.input.responses, ids)
    variances = read_archive(snakemake.input.variance, ids)
    for path, (image_id, labels, response), (_, *varying) in zip(
        snakemake.output, progress(responses, "weights", len(ids)), variances, strict=True
    ):
        image = read_image(index[image_id].image, params.working_size)
        if row["method"] == "urn":
            found = response_scaling(image, response, row["scales"], labels, backend)
            weight = found.weight
        else:
            measure = METHODS[row["method"]]
            weight = weight_mask(normalised(measure(image, response, varying[1][0], backend)))
        write_grey(path, weight, image_size(index[image_id].image))
