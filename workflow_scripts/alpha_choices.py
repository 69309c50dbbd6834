"""Score the first shard's pseudo-masks by how alpha was chosen; show where it matters most."""

from functools import partial

from urn.alpha import choose
from urn.alpha_scores import score_alphas
from urn.datasets.index import BACKGROUND, read_index
from urn.errors import UserError
from urn.figures.alpha_examples import AlphaExample, alpha_examples
from urn.figures.style import save
from urn.files.images import read_mask
from urn.registry import REFINERS

from _alphas import read_costs
from _job import logged
from _scores import write_score
from _shards import each_archived
from _truths import known

with logged(snakemake.log[0]):
    params, index = snakemake.params, read_index(snakemake.input.index)
    refiner = REFINERS[params.refiner].load(snakemake.input.get("model") or None)
    refine = partial(refiner, **params.options)
    costs, images = read_costs(snakemake.input.cuts)
    alphas, choices = costs.columns, [choose(images, steps)[1] for steps in (0, params.steps)]
    truths = {entry.id: entry.mask for entry in known(index, "train")}
    ids = [image_id for image_id in params.ids if image_id in truths and image_id in images]
    if not ids:
        raise UserError(
            "no image of the first shard has both a class and a mask to compare with: choices of "
            "alpha cannot be scored"
        )
    sizes = {"working_size": params.working_size, "description": "alphas"}
    shard = partial(each_archived, index, snakemake.input.cams, **sizes)
    samples = ((x.entry.id, x.image, x.cams, read_mask(truths[x.entry.id])) for x in shard(ids))
    scores = score_alphas(samples, alphas, choices, refine, index.num_classes, index.unused)
    of_one, of_each = scores.chosen
    found = {
        "best_of_all": max(scores.single),
        "of_all": of_one,
        "of_each": of_each,
        "best_of_each": scores.best,
    }
    for name, value in found.items():
        what = f"mIoU (%) of {len(ids)} pseudo-masks, alpha {name}"
        write_score(snakemake.output[name], 100 * value, what)

    names, examples = [BACKGROUND, *index.classes], []
    ranked = sorted(ids, key=lambda i: scores.of_images[i][1] - scores.of_images[i][0])
    for x in shard(dict.fromkeys([ranked[-1], ranked[0]])):  # of one image, it alone
        image_id = x.entry.id
        own = [[alphas[choice[image_id][label]] for label in x.cams] for choice in choices]
        one, chosen = refine(x.image, x.cams, alpha=own)
        before, after = (100 * score for score in scores.of_images[image_id])
        said = [f"{names[i]} {alpha:g}" for i, alpha in zip(x.cams, own[1], strict=True)]
        label = (
            f"{image_id}: mIoU {before:.1f} % with alpha {own[0][0]:g}, {after:.1f} % with "
            f"{', '.join(said)}"
        )
        cam = x.maps.max(axis=0)
        truth = read_mask(truths[image_id])
        examples.append(AlphaExample(x.image, cam, one, chosen, truth, label))
    save(alpha_examples(examples, names), snakemake.output.figure)
