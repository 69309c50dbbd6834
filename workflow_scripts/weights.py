"""Weight masks of a shard by another method than the configured response scaling."""

from urn.datasets.index import read_index
from urn.files.archives import read_archive
from urn.files.images import write_grey
from urn.registry import MEASURES
from urn.uncertainty import known_background, weight_mask

from _job import logged
from _shards import each_archived

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    settings = dict(params.measure)
    measure = MEASURES[settings.pop("method")].load()
    shard = each_archived(
        index, snakemake.input.responses, params.ids, params.working_size, "weights"
    )
    variances = read_archive(snakemake.input.variance, params.ids)
    for path, found, (*_, variance) in zip(snakemake.output, shard, variances, strict=True):
        if found.entry.tags:
            uncertainty = measure(
                found.image, found.maps, found.labels, variance[0], params.crf_backend, **settings
            )
        else:
            uncertainty = known_background(found.image.shape[:2]).uncertainty
        write_grey(path, weight_mask(uncertainty), found.size)
