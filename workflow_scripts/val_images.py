"""Score the baseline's and another supervision's prediction of every image."""

import pandas as pd

from urn.datasets.index import read_index
from urn.errors import UserError
from urn.evaluation import ConfusionMatrix
from urn.files.atomic import atomic_path
from urn.files.images import read_made, read_mask
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    files = zip(index.split("val"), snakemake.input.before, snakemake.input.after, strict=True)
    known = [(entry.id, entry.mask, masks) for entry, *masks in files if entry.mask is not None]
    if not known:
        raise UserError("no val image has a mask to compare with: no mIoU without masks")
    rows = []
    for image_id, truth_path, masks in progress(known, "scores by image", len(known)):
        truth = read_mask(truth_path)
        scores = []
        for mask in masks:
            matrix = ConfusionMatrix(index.num_classes, index.unused)
            matrix.add(read_made(mask, truth.shape), truth)
            scores.append(round(100 * matrix.miou, 2))
        before, after = scores
        rows.append({"image": image_id, "baseline": before, "urn": after})
    table = pd.DataFrame(rows)
    table["change"] = (table["urn"] - table["baseline"]).round(2)
    with atomic_path(snakemake.output[0]) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
