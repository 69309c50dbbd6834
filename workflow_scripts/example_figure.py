"""A figure of the image that explains the method, by the function that draws it."""

from urn.datasets.index import BACKGROUND, read_index
from urn.figures.example import Example
from urn.figures.style import save
from urn.files.images import read_mask
from urn.registry import Place
from urn.working_size import nearest

from _example import example_image
from _job import logged

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    found = example_image(snakemake, index)
    file, size = found.entry.mask, found.image.shape[:2]
    truth = None if file is None else nearest(read_mask(file), size)
    names = [BACKGROUND, *index.classes]
    example = Example(found.image, found.maps, found.labels, truth, names)
    draw = Place(params.draw).load()
    save(draw(example, params.crf_backend, **params.options), snakemake.output[0])
