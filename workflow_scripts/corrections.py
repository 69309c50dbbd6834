"""Read what people drew, check it, and write it as a PNG per image."""

from urn.corrections.reading import write_corrections
from urn.datasets.index import read_index
from urn.export.samples import new_folder

from _job import logged

with logged(snakemake.log[0]), new_folder(snakemake.output[0]) as folder:
    write_corrections(folder, snakemake.input.source, read_index(snakemake.input.index))
