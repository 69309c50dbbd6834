"""Write the masks of train, corrected, and the true masks of val for another trainer."""

from pathlib import Path

from urn.corrections.apply import correction_of
from urn.datasets.index import BACKGROUND, read_index
from urn.export.samples import Sample, check_names, new_folder
from urn.registry import EXPORTS

from _job import logged

with logged(snakemake.log[0]):
    files, names = snakemake.input, snakemake.wildcards
    index = read_index(files.index)
    (drawn,) = files.get("corrections") or [None]
    samples = [
        Sample(e.id, "train", e.image, Path(mask), Path(weight), correction_of(drawn, e.id))
        for e, mask, weight in zip(index.split("train"), files.masks, files.weights, strict=True)
        if e.id not in snakemake.params.rejected
    ]
    known = [(entry, entry.mask) for entry in index.split("val") if entry.mask is not None]
    samples += [Sample(entry.id, "val", entry.image, mask) for entry, mask in known]
    check_names(samples)
    write, classes = EXPORTS[names.kind].load(), [BACKGROUND, *index.classes]
    with new_folder(snakemake.output[0]) as folder:
        write(folder, samples, classes, names.dataset, snakemake.params.t)
