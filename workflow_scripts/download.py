"""Fetch a published file, and check that weights fit their backbone."""

from functools import partial

from urn.files.download import download

from _job import logged

with logged(snakemake.log[0]):
    check = None
    if snakemake.params.network:
        from urn.backbones.published import fitting_state

        check = partial(fitting_state, **snakemake.params.network)
    download(path=snakemake.output[0], check=check, **snakemake.params.source)
