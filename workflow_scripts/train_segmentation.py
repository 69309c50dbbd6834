"""Train a segmentation model on masks and, where the supervision has them, weight masks."""

import shutil

from urn.datasets.index import read_index
from urn.model_files import save_model
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.model import build_segmentor
from urn.segmentation.transforms import training_pipeline
from urn.training import prepare, train

from _job import fingerprint, logged

with logged(snakemake.log[0]):
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
        "backbone": snakemake.wildcards.backbone,
        "num_classes": index.num_classes,
        "output_stride": settings["output_stride"],
        "head_channels": settings["head_channels"],
        "auxiliary_channels": settings["auxiliary_channels"],
        "crop_size": settings["crop"],
    }
    prepare(params.seed)
    model = build_segmentor(**build, loss=loss)
    images = [entry.image for entry in index.split("train")]
    masks = snakemake.input.masks
    weights = snakemake.input.get("weights") or [None] * len(masks)
    samples = list(zip(images, masks, weights, strict=True))
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
        learning_rate=settings["learning_rate"],
        min_learning_rate=settings["min_learning_rate"],
        weight_decay=settings["weight_decay"],
        precision=settings["precision"],
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
    shutil.rmtree(snakemake.params.work)
