"""Score the CAMs, cut at every threshold, against the truth."""

from urn.datasets.index import read_index
from urn.evaluation import CamThresholds
from urn.files.archives import read_archive
from urn.files.images import read_mask
from urn.progress import progress
from urn.report.scores import class_iou

from _job import logged
from _scores import write_score
from _tables import write_table
from _truths import known

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    score = CamThresholds(index.num_classes)
    truths = {entry.id: entry.mask for entry in known(index, "train")}
    entries = (
        entry
        for path, ids in zip(snakemake.input.cams, snakemake.params.ids, strict=True)
        for entry in read_archive(path, [i for i in ids if i in truths])
    )
    for image_id, labels, cams in progress(entries, "CAM quality", len(truths)):
        score.add(labels, cams, read_mask(truths[image_id]))
    table = score.table()
    best = int(table["miou"].argmax())
    table["miou"] *= 100
    threshold = table["threshold"][best]
    what = f"mIoU (%) of CAMs above {threshold:.2f} on {len(truths)} train images"
    write_score(snakemake.output.miou, table["miou"][best], what)
    write_table(snakemake.output.classes, class_iou(index.classes, score.iou()[best]))
    write_table(snakemake.output.thresholds, table.round({"miou": 2}))
