"""Score the first shard's pseudo-masks at every alpha, to choose it for a classifier's CAMs."""

import pandas as pd

from urn.datasets.index import read_index
from urn.errors import UserError
from urn.evaluation import ConfusionMatrix
from urn.files.images import read_mask
from urn.registry import REFINERS
from urn.working_size import enlarge_labels

from _job import logged
from _shards import each_archived
from _tables import write_table

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    refine = REFINERS[params.refiner].load(snakemake.input.get("model") or None)
    truths = {i: mask for i in params.ids if (mask := index[i].mask) is not None}
    if not truths:
        raise UserError("no training image has a mask to compare with: alpha cannot be swept")
    scores = {alpha: ConfusionMatrix(index.num_classes, index.unused) for alpha in params.alphas}
    for found in each_archived(
        index, snakemake.input.cams, truths, params.working_size, "alpha sweep"
    ):
        truth = read_mask(truths[found.entry.id])
        for alpha, score in scores.items():
            mask = refine(found.image, found.cams, alpha=alpha, **params.options)
            score.add(enlarge_labels(mask, truth.shape), truth)
    table = pd.DataFrame({"refiner": params.refiner, "alpha": list(scores)})
    table["images"] = len(truths)
    table["miou"] = [round(100 * score.miou, 2) for score in scores.values()]
    write_table(snakemake.output[0], table)
