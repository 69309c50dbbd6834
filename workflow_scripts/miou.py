"""Score masks against the truth."""

from pathlib import Path

from urn.datasets.index import read_index
from urn.evaluation import ConfusionMatrix
from urn.report.scores import class_iou

from _job import logged
from _scores import folder_of, write_score
from _tables import write_table
from _tracking import log_scores
from _truths import each_compared, known

with logged(snakemake.log[0]):
    split, masks = snakemake.params.split, snakemake.input.masks
    index = read_index(snakemake.input.index)
    score = ConfusionMatrix(index.num_classes, index.unused)
    for image in each_compared(index, split, masks, description="mIoU"):
        score.add(image.made[0], image.truth)
    images = f"{len(known(index, split))} {split} images"
    what = f"mIoU (%) of {folder_of(masks[0], index.split(split)[0].id)} on {images}"
    write_score(snakemake.output.miou, 100 * score.miou, what)
    classes = class_iou(index.classes, score.iou()).drop(index.unused)
    write_table(snakemake.output.classes, classes)
    if split == "val":
        folder, values = Path(snakemake.output.miou).parent, dict(classes.to_numpy())
        log_scores(snakemake, folder, {"mean": 100 * score.miou, **values})
