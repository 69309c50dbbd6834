"""Score the first shard's pseudo-masks by how alpha was chosen: by cost, or by truth."""

from functools import partial

from urn.alpha import choose
from urn.alpha_scores import score_alphas
from urn.datasets.index import read_index
from urn.files.images import read_mask
from urn.registry import REFINERS

from _alphas import read_costs
from _job import logged
from _scores import write_score
from _shards import each_archived
from _truths import known

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    refine = REFINERS[params.refiner].load(snakemake.input.get("model") or None)
    truths = {entry.id: entry.mask for entry in known(index, "train")}
    ids = [image_id for image_id in params.ids if image_id in truths]
    costs, images = read_costs(snakemake.input.cuts)
    images = {image_id: images.get(image_id, {}) for image_id in params.ids} | images
    choices = [choose(images, steps)[1] for steps in (0, params.steps)]
    shard = each_archived(index, snakemake.input.cams, ids, params.working_size, "alphas")
    scores = score_alphas(
        ((one.entry.id, one.image, one.cams, read_mask(truths[one.entry.id])) for one in shard),
        costs.columns,
        choices,
        partial(refine, **params.options),
        index.num_classes,
        index.unused,
    )
    of_one, of_each = scores.chosen
    found = {
        "best_of_all": max(scores.single),
        "of_all": of_one,
        "of_each": of_each,
        "best_of_each": scores.best,
    }
    for name, path in snakemake.output.items():
        write_score(path, 100 * found[name], f"mIoU (%) of {len(ids)} pseudo-masks, alpha {name}")
