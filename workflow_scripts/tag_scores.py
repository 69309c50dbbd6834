"""The classifier's scores of a shard's images: a column for every class, named by its id."""

import pandas as pd
import torch

from urn.classification.network import SEAM
from urn.classification.scores import tag_scores
from urn.datasets.index import read_index
from urn.files.images import read_image
from urn.files.models import load_for_inference
from urn.progress import progress

from _job import logged
from _tables import write_table

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, index = snakemake.params, read_index(snakemake.input.index)
    model = load_for_inference(snakemake.input.model, SEAM.from_meta)
    long_side = sum(params.settings["long_side"]) // 2
    rows = {}
    for image_id in progress(params.ids, "scores of tags", len(params.ids)):
        image = read_image(index[image_id].image, params.working_size)
        rows[image_id] = tag_scores(model, image, long_side).round(4)
    table = pd.DataFrame.from_dict(rows, "index", columns=range(1, len(index.classes) + 1))
    write_table(snakemake.output[0], table.rename_axis("image"), index=True)
