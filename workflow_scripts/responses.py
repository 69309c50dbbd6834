"""Responses of a shard of images: averaged softmax, the channels that can matter.

Asked for a second file, also how much the responses vary over sizes and mirror images.
"""

from contextlib import ExitStack

import numpy as np
import torch

from urn.datasets.index import read_index
from urn.files.archives import archive_writer
from urn.files.images import read_image
from urn.progress import progress
from urn.segmentation.inference import logits_of, predict_probabilities, predict_with_variance

from _job import logged
from _responses import kept, load_segmentor, views

with logged(snakemake.log[0]), ExitStack() as archives:
    torch.set_num_threads(snakemake.threads)
    params, index = snakemake.params, read_index(snakemake.input.index)
    model = load_segmentor(snakemake.input.model)
    network, device = logits_of(model), next(model.parameters()).device
    write, *write_variance = [archives.enter_context(archive_writer(p)) for p in snakemake.output]
    for image_id in progress(params.ids, "responses", len(params.ids)):
        entry = index[image_id]
        image = read_image(entry.image, params.working_size)
        if write_variance:
            response, variance = predict_with_variance(network, image, views(snakemake), device)
            write_variance[0](image_id, np.zeros(1), variance[None])
        else:
            response = predict_probabilities(network, image, views(snakemake), device)
        write(image_id, *kept(snakemake, index, entry, response, params.labels))
