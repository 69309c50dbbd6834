"""Unpack a dataset's official archives, its lists of images last."""

from pathlib import Path

from urn.datasets import official
from urn.datasets.claims import claim
from urn.datasets.unpack import unpack
from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.files.download import require_checksum

from _job import logged

with logged(snakemake.log[0]):
    root, lists = snakemake.params.root, snakemake.params.lists
    archives = " and ".join(snakemake.input)
    claim(root)
    held: dict[str, bytes] = {}
    for archive, checksum in zip(snakemake.input, snakemake.params.checksums, strict=True):
        require_checksum(archive, **checksum)
        held |= unpack(archive, root, snakemake.params.below, held=lists)
    for name, content in held.items():
        found, expected = content.decode(errors="replace").split(), official.ids(**lists[name])
        official.require(found, expected, f"{name} in {archives}", "replace the archive")
    for name, content in held.items():
        with atomic_path(Path(root, name)) as temporary:
            temporary.write_bytes(content)
    for file in snakemake.output:
        if not Path(file).exists():
            raise UserError(f"{archives} held no {file}: replace the archive")
