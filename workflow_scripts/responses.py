"""Responses of a shard of images: averaged softmax, the channels that can matter."""

from collections.abc import Iterator

import torch

from urn.archives import ClassMaps, write_archive
from urn.datasets.index import read_index
from urn.images import read_image
from urn.model_files import load_for_inference
from urn.progress import progress
from urn.segmentation.inference import logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor
from urn.uncertainty import select_channels

from _job import logged

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    settings = snakemake.params.settings
    index = read_index(snakemake.input.index)
    model = load_for_inference(
        snakemake.input.model, lambda meta: build_segmentor(**meta["build"], pretrained=False)
    )

    def responses() -> Iterator[ClassMaps]:
        """One image's entry of the archive after another."""
        ids = snakemake.params.ids
        for image_id in progress(ids, "responses", len(ids)):
            response = predict_probabilities(
                logits_of(model),
                read_image(index[image_id].image),
                scale=tuple(snakemake.params.resize),
                ratios=settings["ratios"],
                window=settings["window"],
                stride=settings["stride"],
                device=next(model.parameters()).device,
            )
            yield image_id, *select_channels(response, settings["minimum"])

    write_archive(snakemake.output[0], responses())
