"""Score the first shard's cyclic masks and uncertainty by which labels a response may have."""

import pandas as pd
import torch

from urn.datasets.index import read_index
from urn.evaluation import ConfusionMatrix, UncertaintyQuality
from urn.files.images import read_image, read_mask
from urn.progress import progress
from urn.segmentation.inference import logits_of, predict_probabilities
from urn.uncertainty import known_background, response_scaling
from urn.working_size import enlarge_labels, nearest

from _job import logged
from _responses import kept, load_segmentor, views
from _scores import write_score
from _tables import write_table
from _truths import known

with logged(snakemake.log[0]):
    torch.set_num_threads(snakemake.threads)
    params, index = snakemake.params, read_index(snakemake.input.index)
    model = load_segmentor(snakemake.input.model)
    network, device = logits_of(model), next(model.parameters()).device
    masks = {name: ConfusionMatrix(index.num_classes, index.unused) for name in params.choices}
    weights = {name: UncertaintyQuality() for name in params.choices}
    shard = set(params.ids)
    entries = [entry for entry in known(index, "train") if entry.id in shard]
    for entry in progress(entries, "labels", len(entries)):
        image, truth = read_image(entry.image, params.working_size), read_mask(entry.mask)
        response = predict_probabilities(network, image, views(snakemake), device)
        for choice in params.choices:
            if entry.tags:
                labels, maps = kept(snakemake, index, entry, response, choice)
                result = response_scaling(image, maps, params.scales, labels, params.crf_backend)
            else:
                result = known_background(image.shape[:2])
            mask = enlarge_labels(result.mask, truth.shape)
            masks[choice].add(mask, truth)
            weights[choice].add(nearest(result.weight, truth.shape), mask, truth)
    for choice, path in zip(params.choices, snakemake.output.masks, strict=True):
        what = f"mIoU (%) of {len(entries)} cyclic masks, labels {choice}"
        write_score(path, 100 * masks[choice].miou, what)
    for choice, path in zip(params.choices, snakemake.output.uncertainty, strict=True):
        scores = {"images": len(entries), "auroc": round(weights[choice].auroc, 4)}
        write_table(path, pd.DataFrame([scores]))
