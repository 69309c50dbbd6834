"""Responses of a shard of images: averaged softmax, the channels that can matter.

Asked for a second file, also how much the responses vary over sizes and mirror images.
"""

from contextlib import ExitStack

import numpy as np
import torch

from urn.datasets.index import read_index
from urn.files.archives import archive_writer
from urn.files.images import read_image
from urn.files.models import load_for_inference
from urn.progress import progress
from urn.segmentation.channels import select_channels
from urn.segmentation.inference import (
    Views,
    logits_of,
    predict_probabilities,
    predict_with_variance,
)
from urn.segmentation.model import build_segmentor

from _job import logged

with logged(snakemake.log[0]), ExitStack() as archives:
    torch.set_num_threads(snakemake.threads)
    ids, settings = snakemake.params.ids, snakemake.params.settings
    index = read_index(snakemake.input.index)
    model = load_for_inference(
        snakemake.input.model,
        lambda meta: build_segmentor(**meta["build"], pretrained=False),
        shard=int(snakemake.wildcards.shard),
    )
    views = Views(
        ratios=settings["ratios"],
        scale=tuple(snakemake.params.resize),
        window=settings["window"],
        stride=settings["stride"],
    )
    network, device = logits_of(model), next(model.parameters()).device
    write, *write_variance = (
        archives.enter_context(archive_writer(path)) for path in snakemake.output
    )
    for image_id in progress(ids, "responses", len(ids)):
        image = read_image(index[image_id].image, snakemake.params.working_size)
        if write_variance:
            response, variance = predict_with_variance(network, image, views, device)
            write_variance[0](image_id, np.zeros(1), variance[None])
        else:
            response = predict_probabilities(network, image, views, device)
        write(image_id, *select_channels(response, settings["minimum"]))
