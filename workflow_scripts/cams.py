"""CAMs of a shard of training images."""

from collections.abc import Iterator

import numpy as np
import torch

from urn.classification.inference import multi_scale_cam
from urn.classification.network import SEAM
from urn.datasets.index import read_index
from urn.files.archives import ClassMaps, write_archive
from urn.files.images import read_image
from urn.files.models import load_for_inference
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    index = read_index(snakemake.input.index)
    model = load_for_inference(
        snakemake.input.model, SEAM.from_meta, shard=int(snakemake.wildcards.shard)
    )

    def cams() -> Iterator[ClassMaps]:
        """One image's entry of the archive after another."""
        ids = snakemake.params.ids
        for image_id in progress(ids, "CAMs", len(ids)):
            entry = index[image_id]
            labels = index.tag_ids(entry)
            image = read_image(entry.image, snakemake.params.working_size)
            yield (
                image_id,
                np.array(labels),
                multi_scale_cam(model, image, labels, **snakemake.params.views),
            )

    write_archive(snakemake.output[0], cams())
