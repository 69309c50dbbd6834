"""Responses of a shard of images: averaged softmax, the channels that can matter.

Asked for a second file, also how much the responses vary over sizes and mirror images.
"""

from collections.abc import Iterator

import numpy as np
import torch

from urn.archives import ClassMaps, write_archive
from urn.datasets.index import read_index
from urn.images import read_image
from urn.model_files import load_for_inference
from urn.progress import progress
from urn.segmentation.inference import logits_of, predict_with_variance
from urn.segmentation.model import build_segmentor
from urn.uncertainty import select_channels

from _job import logged

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    settings = snakemake.params.settings
    index = read_index(snakemake.input.index)
    model = load_for_inference(
        snakemake.input.model,
        lambda meta: build_segmentor(**meta["build"], pretrained=False),
        shard=int(snakemake.wildcards.shard),
    )

    variances: list[ClassMaps] = []

    def responses() -> Iterator[ClassMaps]:
        """One image's entry of the archive after another."""
        ids = snakemake.params.ids
        for image_id in progress(ids, "responses", len(ids)):
            response, variance = predict_with_variance(
                logits_of(model),
                read_image(index[image_id].image),
                scale=tuple(snakemake.params.resize),
                ratios=settings["ratios"],
                window=settings["window"],
                stride=settings["stride"],
                device=next(model.parameters()).device,
            )
            variances.append((image_id, np.zeros(1), variance[None]))
            yield image_id, *select_channels(response, settings["minimum"])

    write_archive(snakemake.output[0], responses())
    if snakemake.output.get("variance"):
        write_archive(snakemake.output.variance, variances)
