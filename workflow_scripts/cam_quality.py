"""Score the CAMs, cut at every threshold, against the truth."""

import numpy as np
import pandas as pd

from urn.datasets.index import BACKGROUND, read_index
from urn.errors import UserError
from urn.evaluation import CamThresholds
from urn.files.archives import read_archive
from urn.files.atomic import atomic_path
from urn.files.images import read_mask
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    score = CamThresholds(index.num_classes)
    truths = {e.id: e.mask for e in index.split("train") if e.mask is not None}
    if not truths:
        raise UserError("no train image has a mask to compare with: no mIoU without masks")
    entries = (
        entry
        for path, ids in zip(snakemake.input.cams, snakemake.params.ids, strict=True)
        for entry in read_archive(path, [i for i in ids if i in truths])
    )
    for image_id, labels, cams in progress(entries, "CAM quality", len(truths)):
        score.add(labels, cams, read_mask(truths[image_id]))
    table = score.table()
    best = int(table["miou"].argmax())
    threshold, miou = table["threshold"][best], 100 * table["miou"][best]
    what = f"mIoU (%) of CAMs above {threshold:.2f} on {len(truths)} train images"
    with atomic_path(snakemake.output.miou) as temporary:
        temporary.write_text(f"{miou:.2f}\t{what}\n")
    classes = pd.DataFrame(
        {
            "class": [BACKGROUND, *index.classes],
            "iou": np.round(100 * score.iou()[best], 2),
        }
    )
    with atomic_path(snakemake.output.classes) as temporary:
        classes.to_csv(temporary, sep="\t", index=False)
    table["miou"] = (100 * table["miou"]).round(2)
    with atomic_path(snakemake.output.thresholds) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
