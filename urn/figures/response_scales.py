"""One class's response at narrow and wide scales, the masks that follow, and their false pixels."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from urn.crf import SEGMENTATION_CRF, DenseCRF
from urn.figures.example import Example
from urn.figures.false_pixels import boundary_legend, false_legend, false_pixels, with_boundary
from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat, heat_legend, mask_colours
from urn.files.images import IGNORE
from urn.uncertainty import response_scaling


def response_scales(example: Example, backend: str = "auto", *, scales: Sequence[float]) -> Figure:
    """The response of the largest foreground class at every scale, above the masks made of it.

    Where the truth is known, below these: the false pixels of that class (the paper's Figure 2).

    Args:
        example: an image, and a model's response to it.
        backend: see `urn.crf.DenseCRF`.
        scales: see `urn.uncertainty.response_scaling`; 1 is shown too.
    """
    image, names, truth = example.image, example.names, example.truth
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
    heats = [heat(field[channel]) for field in fields]
    legend = class_legend([found.mask, *masks], names)
    legend += heat_legend("0 (heat maps)", "1 (heat maps)")
    below = []
    if truth is not None:
        of_class = np.where(truth == IGNORE, IGNORE, truth == ids[channel]).astype(np.uint8)
        heats = [with_boundary(picture, of_class) for picture in heats]
        below.append(_false_row(image, [mask == ids[channel] for mask in masks], of_class, name))
        legend += [*false_legend(several=False), *boundary_legend()]
    rows = [
        Row(
            [small(image), *map(small, heats), None],
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
    return sheet([*rows, *below], titles, legend)


def _false_row(image: np.ndarray, masks: Sequence[np.ndarray], truth: np.ndarray, name: str) -> Row:
    """The false pixels of masks of one class, and how many there are.

    Args:
        image: H×W×3 uint8 RGB.
        masks: H×W each, 1 where the class is.
        truth: H×W uint8, 1 where the class is, 255 = ignore.
        name: of the class.
    """
    pictures = [with_boundary(false_pixels(image, mask, truth), truth) for mask in masks]
    false = [100 * (mask & (truth == 0)).mean() for mask in masks]
    missing = [100 * (~mask & (truth == 1)).mean() for mask in masks]
    counts = [f"{more:.1f}, {less:.1f} %" for more, less in zip(false, missing, strict=True)]
    return Row(
        [None, *map(small, pictures), None],
        f"false pixels of “{name}” in these masks; in per cent of the image: false positives, "
        "missing positives",
        ["", *counts, ""],
    )
