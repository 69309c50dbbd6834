"""Unpack a dataset's official archives."""

from pathlib import Path

from urn.datasets.unpack import unpack
from urn.errors import UserError
from urn.files.download import require_checksum

from _job import logged

with logged(snakemake.log[0]):
    for archive, checksum in zip(snakemake.input, snakemake.params.checksums, strict=True):
        require_checksum(archive, **checksum)
        unpack(archive, snakemake.params.root, snakemake.params.below)
    for file in snakemake.output:
        if not Path(file).exists():
            raise UserError(f"{' and '.join(snakemake.input)} held no {file}: replace the archive")
