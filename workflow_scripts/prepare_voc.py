"""Add SBD's masks to VOC 2012's, and derive the list trainaug."""

from urn.datasets import official
from urn.datasets.claims import claim
from urn.datasets.ids import voc_ids
from urn.datasets.sbd import trainaug, write_sbd_masks
from urn.files.atomic import atomic_path
from urn.files.download import require_checksum

from _job import logged

with logged(snakemake.log[0]):
    claim(snakemake.params.root)
    require_checksum(snakemake.input.sbd, **snakemake.params.checksum)
    train, val = voc_ids(snakemake.input.train), voc_ids(snakemake.input.val)
    sbd = write_sbd_masks(snakemake.input.sbd, snakemake.params.masks, skip={*train, *val})
    ids = trainaug(train, val, sbd["train"], sbd["val"])
    expected = official.ids(**snakemake.params.expected)
    what = f"trainaug of VOC's lists and {snakemake.input.sbd}"
    official.require(ids, expected, what, "replace the archive")
    with atomic_path(snakemake.output[0]) as temporary:
        temporary.write_text("\n".join([*ids, ""]))
    print(f"{snakemake.output[0]}: {len(ids)} images")
