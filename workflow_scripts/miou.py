"""Score masks against the truth."""

from pathlib import Path

import pandas as pd

from urn.datasets.index import BACKGROUND, read_index
from urn.errors import UserError
from urn.evaluation import ConfusionMatrix
from urn.files.atomic import atomic_path
from urn.files.images import read_made, read_mask
from urn.progress import progress

from _job import logged

with logged(snakemake.log[0]):
    split = snakemake.params.split
    index = read_index(snakemake.input.index)
    score = ConfusionMatrix(index.num_classes, index.unused)
    pairs = zip(snakemake.input.masks, index.split(split), strict=True)
    known = [(mask, entry.mask) for mask, entry in pairs if entry.mask is not None]
    if not known:
        raise UserError(f"no {split} image has a mask to compare with: no mIoU without masks")
    for mask, truth in progress(known, "mIoU", len(known)):
        expected = read_mask(truth)
        score.add(read_made(mask, expected.shape), expected)
    miou = 100 * score.miou
    folder = Path(snakemake.input.masks[0]).parent
    with atomic_path(snakemake.output.miou) as temporary:
        temporary.write_text(f"{miou:.2f}\tmIoU (%) of {folder} on {len(known)} {split} images\n")
    table = pd.DataFrame(
        {"class": [BACKGROUND, *index.classes], "iou": (100 * score.iou()).round(2)}
    ).drop(index.unused)
    with atomic_path(snakemake.output.classes) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
