"""One class's response at narrow and wide scales, and the masks that follow."""

from urn.datasets.index import BACKGROUND, read_index
from urn.figures.response_scales import response_scales
from urn.figures.style import save

from _example import example_image
from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    found = example_image(snakemake, index)
    figure = response_scales(
        found.image,
        found.maps,
        found.labels,
        snakemake.params.scales,
        [BACKGROUND, *index.classes],
        snakemake.params.crf_backend,
    )
    save(figure, snakemake.output[0])
