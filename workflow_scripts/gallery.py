"""The gallery's page, of all shards' previews."""

from urn.datasets.index import BACKGROUND, read_index
from urn.gallery.page import write_page
from urn.gallery.shard import read_records

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    write_page(
        snakemake.output.page,
        snakemake.output.data,
        snakemake.wildcards.dataset,
        [BACKGROUND, *index.classes],
        snakemake.params.layers,
        [record for folder in snakemake.input.shards for record in read_records(folder)],
    )
