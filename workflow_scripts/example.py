"""A model's response to the image that the figures explain the method with."""

import torch

from urn.datasets.index import read_index
from urn.files.archives import write_archive
from urn.files.images import read_image
from urn.segmentation.inference import logits_of, predict_probabilities

from _example import example_id
from _job import logged
from _responses import kept, load_segmentor, views

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, index = snakemake.params, read_index(snakemake.input.index)
    entry = index[example_id(snakemake)]
    model = load_segmentor(snakemake.input.model)
    image = read_image(entry.image, params.working_size)
    device = next(model.parameters()).device
    response = predict_probabilities(logits_of(model), image, views(snakemake), device)
    labels, maps = kept(snakemake, index, entry, response, params.labels)
    write_archive(snakemake.output[0], [(entry.id, labels, maps)])
