"""What every parameter of the dense CRF does to one mask."""

from dataclasses import replace

from matplotlib.figure import Figure

from urn.crf import SEGMENTATION_CRF, CRFParameters
from urn.figures.example import Example
from urn.figures.panels import small
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, mask_colours
from urn.refinement import crf_mask

FACTORS = (0.1, 1 / 3, 1, 3, 10)
MEANING = {
    "gaussian sxy": "how near, in pixels, two pixels must be to be drawn to the same class, "
    "whatever their colour",
    "gaussian weight": "how strongly; more removes specks, and thin parts with them",
    "bilateral sxy": "how near two pixels of like colour must be; more carries a class along "
    "an object of one colour",
    "bilateral srgb": "how alike, on 0-255 for each of red, green and blue, colours must be; more "
    "lets a class cross edges",
    "bilateral weight": "how strongly like colours are drawn to the same class",
    "iterations": "of mean field, each carrying a class a step further",
}


def changed(name: str, factor: float) -> tuple[str, CRFParameters]:
    """The published parameters with one of them, a key of `MEANING`, multiplied; and its value."""
    if name == "iterations":
        value = max(1, round(SEGMENTATION_CRF.iterations * factor))
        return f"{value}", replace(SEGMENTATION_CRF, iterations=value)
    kernel, part = name.split()
    numbers = list(getattr(SEGMENTATION_CRF, kernel))
    place = {"sxy": 0, "srgb": 1, "weight": -1}[part]
    numbers[place] *= factor
    parameters = CRFParameters(**{**vars(SEGMENTATION_CRF), kernel: tuple(numbers)})
    return f"{numbers[place]:.3g}", parameters


def crf_parameters(example: Example, backend: str = "auto") -> Figure:
    """A row of masks for every parameter, at every factor.

    Args:
        example: an image, and a model's response to it.
        backend: see `urn.crf.DenseCRF`.
    """
    image, response, labels = example.image, example.response, example.labels
    masks = [labels[response.argmax(axis=0)]]
    first = {"image": small(image), "without CRF": small(mask_colours(masks[0]), smooth=False)}
    beside = iter([*first.items(), *[("", None)] * len(MEANING)])
    rows = []
    for name, meaning in MEANING.items():
        caption, picture = next(beside)
        captions, pictures = [caption], [picture]
        for factor in FACTORS:
            value, parameters = changed(name, factor)
            masks.append(crf_mask(image, response, labels, parameters, backend))
            captions.append(value + (" (published)" if factor == 1 else ""))
            pictures.append(small(mask_colours(masks[-1]), smooth=False))
        rows.append(Row(pictures, f"{name}: {meaning}", captions))
    return sheet(rows, legend=class_legend(masks, example.names))
