"""Score the first shard's pseudo-masks at every alpha, to choose it for a classifier's CAMs."""

import pandas as pd

from urn.datasets.index import read_index
from urn.errors import UserError
from urn.evaluation import ConfusionMatrix
from urn.files.archives import read_archive
from urn.files.atomic import atomic_path
from urn.files.images import read_image, read_mask
from urn.progress import progress
from urn.refinement import load_refiner
from urn.working_size import enlarge_labels

from _job import logged

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    name = snakemake.params.refiner
    refine = load_refiner(name, snakemake.input.get("model") or None)
    truths = {i: mask for i in snakemake.params.ids if (mask := index[i].mask) is not None}
    if not truths:
        raise UserError("no training image has a mask to compare with: alpha cannot be swept")
    alphas = snakemake.params.alphas
    scores = {alpha: ConfusionMatrix(index.num_classes, index.unused) for alpha in alphas}
    entries = read_archive(snakemake.input.cams, truths)
    for image_id, labels, cams in progress(entries, "alpha sweep", len(truths)):
        image = read_image(index[image_id].image, snakemake.params.working_size)
        truth = read_mask(truths[image_id])
        named = dict(zip(labels.tolist(), cams, strict=True))
        for alpha, score in scores.items():
            found = refine(image, named, alpha=alpha, **snakemake.params.options)
            score.add(enlarge_labels(found, truth.shape), truth)
    rows = [
        {"refiner": name, "alpha": alpha, "images": len(truths), "miou": round(100 * score.miou, 2)}
        for alpha, score in scores.items()
    ]
    with atomic_path(snakemake.output[0]) as temporary:
        pd.DataFrame(rows).to_csv(temporary, sep="\t", index=False)
