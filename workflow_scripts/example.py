"""A model's response to the image that the figures explain the method with."""

import torch

from urn.datasets.index import read_index
from urn.figures.choice import example
from urn.files.archives import write_archive
from urn.files.images import read_image
from urn.files.models import load_for_inference
from urn.segmentation.channels import select_channels
from urn.segmentation.inference import Views, logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    settings = snakemake.params.settings
    image_id = example(read_table(snakemake.input.table, ["image"], dtype={"image": str}))
    model = load_for_inference(
        snakemake.input.model, lambda meta: build_segmentor(**meta["build"], pretrained=False)
    )
    response = predict_probabilities(
        logits_of(model),
        read_image(
            read_index(snakemake.input.index)[image_id].image, snakemake.params.working_size
        ),
        Views(
            ratios=settings["ratios"],
            scale=tuple(snakemake.params.resize),
            window=settings["window"],
            stride=settings["stride"],
        ),
        next(model.parameters()).device,
    )
    labels, maps = select_channels(response, settings["minimum"])
    write_archive(snakemake.output[0], [(image_id, labels, maps)])
