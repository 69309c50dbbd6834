"""Check that a published checkpoint fits its backbone, and keep it in one form."""

import torch

from urn.backbones.published import fitting_state
from urn.files.atomic import atomic_path
from urn.files.download import require_checksum

from _job import logged

with logged(snakemake.log[0]):
    path = snakemake.input[0]
    require_checksum(path, **snakemake.params.checksum)
    state = fitting_state(path, snakemake.wildcards.backbone, snakemake.params.format)
    with atomic_path(snakemake.output[0]) as temporary:
        torch.save(state, temporary)
