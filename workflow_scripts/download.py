"""Fetch a published file."""

from urn.files.download import download

from _job import logged

with logged(snakemake.log[0]):
    download(path=snakemake.output[0], **snakemake.params.source)
