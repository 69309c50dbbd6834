"""Hand the images that are to be drawn next, and their cyclic masks, over to a drawing tool."""

from pathlib import Path

from urn.corrections.apply import correction_of
from urn.datasets.index import BACKGROUND, read_index
from urn.errors import UserError
from urn.export.samples import Sample, check_names
from urn.registry import TOOLS

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    files, index = snakemake.input, read_index(snakemake.input.index)
    (drawn,) = files.get("corrections") or [None]
    made = dict(zip(index.ids("train"), zip(files.masks, files.weights, strict=True), strict=True))
    table = read_table(files.images, ["image"], may_be_empty=True)
    if table.empty:
        raise UserError(f"{files.images} names no image: nothing is uncertain, nothing to correct")
    if unknown := [image for image in table["image"] if image not in made]:
        raise UserError(f"{files.images} names {unknown[0]}, no train image: delete it, run again")
    samples = []
    for i in table["image"]:
        mask, weight = map(Path, made[i])
        samples.append(Sample(i, "train", index[i].image, mask, weight, correction_of(drawn, i)))
    check_names(samples)
    write = TOOLS[snakemake.wildcards.tool].load()
    write(Path(snakemake.output[0]), samples, [BACKGROUND, *index.classes])
