"""One class's response at narrow and wide scales, and the masks that follow."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from urn.crf import SEGMENTATION_CRF, DenseCRF
from urn.figures.example import Example
from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat, heat_legend, mask_colours
from urn.uncertainty import response_scaling


def response_scales(example: Example, backend: str = "auto", *, scales: Sequence[float]) -> Figure:
    """The response of the largest foreground class at every scale, above the masks made of it.

    Args:
        example: an image, and a model's response to it.
        backend: see `urn.crf.DenseCRF`.
        scales: see `urn.uncertainty.response_scaling`; 1 is shown too.
    """
    image, names = example.image, example.names
    found = response_scaling(image, example.response, scales, example.labels, backend)
    response = example.response[np.isin(example.labels, found.labels)]
    ids = np.array(found.labels, dtype=np.uint8)
    channel = int(np.argmax([(found.mask == i).sum() * (i > 0) for i in ids]))

    shown = sorted({1.0, *scales})
    fields = np.repeat(response[None], len(shown), axis=0)
    for field, scale in zip(fields, shown, strict=True):
        field[channel] **= scale
    crf = DenseCRF(image, SEGMENTATION_CRF.gaussian, SEGMENTATION_CRF.bilateral, backend)
    masks = ids[crf.masks(fields, SEGMENTATION_CRF.iterations)]

    titles = ["image", *(f"s = {s:g}" for s in shown), "result"]
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
    legend = class_legend([found.mask, *masks], names)
    return sheet(rows, titles, legend + heat_legend("0 (heat maps)", "1 (heat maps)"))
