"""CAMs of a shard of training images."""

import numpy as np
import torch

from urn.classification.inference import multi_scale_cam
from urn.classification.network import SEAM
from urn.datasets.index import read_index
from urn.files.archives import archive_writer
from urn.files.images import read_image
from urn.files.models import load_for_inference
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]), archive_writer(snakemake.output[0]) as write:
    torch.set_num_threads(snakemake.threads)
    params, index = snakemake.params, read_index(snakemake.input.index)
    model = load_for_inference(snakemake.input.model, SEAM.from_meta)
    for image_id in progress(params.ids, "CAMs", len(params.ids)):
        entry = index[image_id]
        labels = index.tag_ids(entry)
        image = read_image(entry.image, params.working_size)
        write(image_id, np.array(labels), multi_scale_cam(model, image, labels, **params.views))
