"""Check a shard's pseudo-masks that another method made, and take them over."""

from pathlib import Path

from urn.datasets.index import read_index
from urn.datasets.validation import mask_faults
from urn.errors import raise_faults
from urn.files.images import image_size, read_mask, write_mask

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    folder = Path(snakemake.input.folder)
    paths = {i: folder / f"{i}.png" for i in snakemake.params.ids}
    faults: list[str] = []
    for image_id, path in paths.items():
        size = image_size(index[image_id].image)
        faults += mask_faults(path, size, len(index.classes))
    raise_faults(str(folder), faults, alone=False)
    for target, path in zip(snakemake.output, paths.values(), strict=True):
        write_mask(target, read_mask(path))
