"""One image through every stage."""

from pathlib import Path

import numpy as np

from urn.datasets.index import BACKGROUND, read_index
from urn.figures.choice import example
from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat, heat_legend, heat_over, mask_colours, save
from urn.files.archives import read_archive
from urn.files.images import read_image, read_made, read_mask
from urn.refinement import crf_mask

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    params = snakemake.params
    index = read_index(snakemake.input.index)
    image_id = example(read_table(snakemake.input.table, ["image"], dtype={"image": str}))
    ((_, labels, response),) = read_archive(snakemake.input.baseline, [image_id])
    ((_, urn_labels, urn_response),) = read_archive(snakemake.input.urn, [image_id])
    entry = index[image_id]
    image = read_image(entry.image, params.working_size)

    masks = {
        name: small(read_made(Path(folder) / f"{image_id}.png"), smooth=False)
        for name, folder in params.masks.items()
    }
    weight = small(read_made(Path(params.weights) / f"{image_id}.png"), smooth=False) / 255
    masks["urn's mask"] = crf_mask(image, urn_response, urn_labels, backend=params.crf_backend)
    if entry.mask is not None:
        masks["ground truth"] = small(read_mask(entry.mask), smooth=False)

    steps = {f"image: {', '.join(entry.tags)}": image}
    for path, ids in zip(snakemake.input.cams, params.ids, strict=True):
        if image_id in ids:
            ((_, *found),) = read_archive(path, [image_id])
            steps["largest CAM of its tags"] = heat_over(image, found[1].max(axis=0))
    steps["pseudo-mask"] = mask_colours(masks["pseudo-mask"])
    foreground = np.where(labels[:, None, None] > 0, response, 0).max(axis=0)
    steps["baseline's response"] = heat(foreground)
    steps["cyclic mask"] = mask_colours(masks["cyclic mask"])
    steps["uncertainty U"] = heat(1 - weight)
    steps[f"loss weight Y, t = {params.t:g}"] = heat(np.where(weight > params.t, 1, params.t))
    for name in list(masks)[2:]:
        steps[name] = mask_colours(masks[name])

    names, pictures = list(steps), [small(picture) for picture in steps.values()]
    half = (len(names) + 1) // 2
    blank = [None] * (2 * half - len(names))
    rows = [
        Row(pictures[:half], captions=names[:half]),
        Row([*pictures[half:], *blank], captions=names[half:]),
    ]
    legend = class_legend(masks.values(), [BACKGROUND, *index.classes]) + heat_legend(
        "0 (heat maps)", "1 (heat maps)"
    )
    save(sheet(rows, legend=legend), snakemake.output[0])
