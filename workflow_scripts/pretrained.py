"""Check that a published checkpoint fits its backbone, and keep it in one form."""

import torch

from urn.backbones import build_backbone, load_published_state_dict
from urn.backbones.published import read_checkpoint
from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.files.download import require_checksum

from _job import logged

with logged(snakemake.log[0]):
    path, name = snakemake.input[0], snakemake.wildcards.backbone
    require_checksum(path, **snakemake.params.checksum)
    state = read_checkpoint(path, snakemake.params.format)
    try:
        load_published_state_dict(build_backbone(name, pretrained=False), state)
    except RuntimeError as error:
        raise UserError(f"{path} does not fit {name} ({error}): use another file") from None
    with atomic_path(snakemake.output[0]) as temporary:
        torch.save(state, temporary)
