"""One class's response at narrow and wide scales, and the masks that follow."""

import numpy as np

from urn.crf import SEGMENTATION_CRF, DenseCRF
from urn.datasets.index import BACKGROUND, read_index
from urn.figures.choice import example
from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat, heat_legend, mask_colours, save
from urn.files.archives import read_archive
from urn.files.images import read_image
from urn.uncertainty import response_scaling

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    params = snakemake.params
    index = read_index(snakemake.input.index)
    names = [BACKGROUND, *index.classes]
    image_id = example(read_table(snakemake.input.table, ["image"], dtype={"image": str}))
    ((_, labels, response),) = read_archive(snakemake.input.baseline, [image_id])
    image = read_image(index[image_id].image, params.working_size)
    found = response_scaling(image, response, params.scales, labels, params.crf_backend)
    response = response[np.isin(labels, found.labels)]
    ids = np.array(found.labels, dtype=np.uint8)
    channel = int(np.argmax([(found.mask == i).sum() * (i > 0) for i in ids]))

    scales = sorted({1.0, *params.scales})
    fields = np.repeat(response[None], len(scales), axis=0)
    for field, scale in zip(fields, scales, strict=True):
        field[channel] **= scale
    crf = DenseCRF(image, SEGMENTATION_CRF.gaussian, SEGMENTATION_CRF.bilateral, params.crf_backend)
    masks = ids[crf.masks(fields, SEGMENTATION_CRF.iterations)]

    titles = ["image", *(f"s = {s:g}" for s in scales), "result"]
    name = names[ids[channel]]
    rows = [
        Row(
            [small(image), *(small(heat(field[channel])) for field in fields), None],
            f"the response of “{name}” raised to the power s: wider for s < 1, narrower for s > 1",
        ),
        Row(
            [
                small(mask_colours(found.mask)),
                *(small(mask_colours(mask), smooth=False) for mask in masks),
                small(heat(found.uncertainty)),
            ],
            "the cyclic mask (left), the masks made anew at every s, and the uncertainty over all "
            "classes and scales (right)",
        ),
    ]
    legend = class_legend([found.mask, *masks], names) + heat_legend(
        "0 (heat maps)", "1 (heat maps)"
    )
    save(sheet(rows, titles, legend), snakemake.output[0])
