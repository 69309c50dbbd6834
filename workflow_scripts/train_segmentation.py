"""Train a segmentation model on masks and, where the supervision has them, weight masks."""

import shutil
from functools import partial

from urn.datasets.index import read_index
from urn.distributed import is_main
from urn.errors import UserError
from urn.model_files import save_model
from urn.segmentation.backbones import load_published_state_dict
from urn.segmentation.backbones.checkpoints import read_checkpoint
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.inference import single_scale_miou
from urn.segmentation.model import build_segmentor
from urn.segmentation.transforms import training_pipeline
from urn.training import prepare, train

from _job import fingerprint, in_processes, logged

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    params, settings = snakemake.params, snakemake.params.settings
    index = read_index(snakemake.input.index)
    losses = {
        "none": {"name": "cross_entropy"},
        "uncertainty": {"name": "noise_weighted", "t": params.t},
        "probability": {"name": "probability_weighted"},
    }
    loss = losses[params.weighting]
    if "pretended_underfitting" in settings:
        loss = {"name": "pretended_underfitting", **settings["pretended_underfitting"]}
    build = {
        "backbone": params.backbone,
        "num_classes": index.num_classes,
        "output_stride": settings["output_stride"],
        "head_channels": settings["head_channels"],
        "auxiliary_channels": settings["auxiliary_channels"],
        "crop_size": settings["crop"],
    }
    prepare(params.seed)
    model = build_segmentor(**build, loss=loss, pretrained=settings["weights"] == "imagenet")
    for initial in snakemake.input.initial:
        load_published_state_dict(model.backbone, read_checkpoint(initial, "torch"))
    images = [entry.image for entry in index.split("train")]
    masks = snakemake.input.masks
    weights = snakemake.input.get("weights") or [None] * len(masks)
    samples = list(zip(images, masks, weights, strict=True))
    truths = [(entry.image, entry.mask) for entry in index.split("val") if entry.mask is not None]
    if settings["evaluate_every"] and not truths:
        raise UserError("no val image has a mask to compare with: set evaluate_every to 0")
    train(
        model,
        SegmentationDataset(
            samples,
            index.num_classes,
            training_pipeline(
                settings["crop"], tuple(settings["resize"]), tuple(settings["ratios"])
            ),
        ),
        iterations=settings["iterations"],
        batch_size=settings["batch_size"],
        images_per_step=settings["images_per_step"],
        learning_rate=settings["learning_rate"],
        min_learning_rate=settings["min_learning_rate"],
        weight_decay=settings["weight_decay"],
        precision=settings["precision"],
        channels_last=settings["channels_last"],
        evaluate=partial(
            single_scale_miou,
            model,
            truths,
            index.num_classes,
            scale=tuple(settings["resize"]),
            unused=index.unused,
            **params.windows,
        ),
        evaluate_every=settings["evaluate_every"],
        seed=params.seed,
        threads=snakemake.threads,
        work_dir=params.work,
        curve=snakemake.output.curve,
        description=f"{snakemake.wildcards.backbone} {snakemake.wildcards.supervision}",
        identity=repr((settings, loss, params.code, fingerprint(snakemake.input))),
    )
    meta = {"build": build, "seed": params.seed, "settings": settings, "loss": loss}
    meta["classes"] = list(index.classes)
    save_model(model, snakemake.output.model, meta)
    if is_main():
        shutil.rmtree(snakemake.params.work)
