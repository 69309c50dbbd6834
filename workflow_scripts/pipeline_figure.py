"""One image through every stage."""

import numpy as np

from urn.datasets.index import BACKGROUND, read_index
from urn.figures.pipeline import Stages, pipeline
from urn.figures.style import save
from urn.files.archives import read_archive
from urn.files.images import read_made, read_mask
from urn.refinement import crf_mask

from _example import example_image
from _job import logged

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    found = example_image(snakemake, index)
    entry, name = found.entry, f"{found.entry.id}.png"
    ((_, labels, response),) = read_archive(snakemake.input.urn, [entry.id])
    others = {"urn's mask": crf_mask(found.image, response, labels, backend=params.crf_backend)}
    if entry.mask is not None:
        others["ground truth"] = read_mask(entry.mask)
    shards = zip(snakemake.input.cams, params.ids, strict=True)
    archives = [path for path, ids in shards if entry.id in ids]
    cams = [maps for path in archives for _, _, maps in read_archive(path, [entry.id])]
    stages = Stages(
        image=found.image,
        tags=entry.tags or [BACKGROUND],
        cam=cams[0].max(axis=0, initial=0) if cams else None,
        pseudo_mask=read_made(f"{params.masks['pseudo-mask']}/{name}"),
        response=np.where(found.labels[:, None, None] > 0, found.maps, 0).max(axis=0),
        cyclic_mask=read_made(f"{params.masks['cyclic mask']}/{name}"),
        weight=read_made(f"{params.weights}/{name}"),
        others=others,
    )
    save(pipeline(stages, params.t, [BACKGROUND, *index.classes]), snakemake.output[0])
