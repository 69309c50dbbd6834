"""Train a segmentation model on masks and, where the supervision has them, weight masks."""

from functools import partial

from urn.datasets.index import read_index
from urn.errors import UserError
from urn.segmentation.dataset import SegmentationDataset
from urn.segmentation.model import build_segmentor, parameter_groups
from urn.segmentation.transforms import training_pipeline
from urn.segmentation.validation import single_scale_miou
from urn.training.loop import prepare, train

from _job import in_processes, logged
from _training import arguments, identity, load_initial, save

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
    model = build_segmentor(
        **build,
        loss=loss,
        pretrained=settings["pretrained"] == "imagenet",
        frozen_statistics=settings["frozen_statistics"],
    )
    load_initial(model.backbone, snakemake.input.initial)
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
                settings["crop"],
                tuple(settings["resize"]),
                tuple(settings["ratios"]),
                working_size=params.working_size,
            ),
        ),
        **arguments(snakemake),
        min_learning_rate=settings["min_learning_rate"],
        parameter_groups=parameter_groups(
            model, settings["learning_rate"], settings["new_layers_factor"]
        ),
        evaluate=partial(
            single_scale_miou,
            model,
            truths,
            index.num_classes,
            scale=tuple(settings["resize"]),
            unused=index.unused,
            working_size=params.working_size,
            **params.windows,
        ),
        evaluate_every=settings["evaluate_every"],
        description=f"{snakemake.wildcards.backbone} {snakemake.wildcards.supervision}",
        identity=identity(snakemake, index, loss),
    )
    save(model, snakemake, build=build, loss=loss, classes=list(index.classes))
