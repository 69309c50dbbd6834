"""What every parameter of the dense CRF does to one mask."""

from urn.datasets.index import BACKGROUND, read_index
from urn.figures.crf_parameters import crf_parameters
from urn.figures.style import save

from _example import example_image
from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    found = example_image(snakemake, index)
    figure = crf_parameters(
        found.image,
        found.maps,
        found.labels,
        [BACKGROUND, *index.classes],
        snakemake.params.crf_backend,
    )
    save(figure, snakemake.output[0])
