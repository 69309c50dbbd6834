"""Previews of a shard's images and masks."""

from urn.datasets.index import read_index
from urn.gallery.shard import Layer, write_shard
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]):
    index, ids = read_index(snakemake.input.index), snakemake.params.ids
    entries = progress((index[image_id] for image_id in ids), "previews", len(ids))
    layers = [Layer(*layer) for layer in snakemake.params.layers]
    write_shard(snakemake.output[0], index, entries, layers)
