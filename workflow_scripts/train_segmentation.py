"""Train a segmentation model on masks and, where the supervision has them, weight masks."""

from urn.datasets.index import read_index
from urn.segmentation.model import LEAST_IMAGES, build_segmentor, parameter_groups
from urn.segmentation.supervision import loss_arguments
from urn.training.loop import prepare, train

from _job import logged
from _segmentation import evaluation, training_set
from _training import go_on, load_initial, save
from _training_job import arguments, identity, in_processes

BUILD = ("output_stride", "head_channels", "auxiliary_channels")

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    params, settings = snakemake.params, snakemake.params.settings
    index = read_index(snakemake.input.index)
    loss = loss_arguments(params.weighting, params.t, settings.get("pretended_underfitting"))
    build = {"backbone": params.backbone, "num_classes": index.num_classes}
    build |= {name: settings[name] for name in BUILD} | {"crop_size": settings["crop"]}
    prepare(params.seed)
    pretrained = settings["pretrained"] == "imagenet"
    frozen = settings["frozen_statistics"]
    model = build_segmentor(**build, loss=loss, pretrained=pretrained, frozen_statistics=frozen)
    load_initial(model.backbone, snakemake.input.initial)
    go_on(model, snakemake.input.baseline)
    rate, factor = settings["learning_rate"], settings["new_layers_factor"]
    train(
        model,
        training_set(snakemake, index),
        **arguments(snakemake),
        **evaluation(snakemake, index, model),
        min_learning_rate=settings["min_learning_rate"],
        least_images_per_step=LEAST_IMAGES,
        parameter_groups=parameter_groups(model, rate, factor),
        description=f"{snakemake.wildcards.backbone} {snakemake.wildcards.supervision}",
        identity=identity(snakemake, index, loss, params.rejected),
    )
    save(model, snakemake, build=build, loss=loss, classes=list(index.classes))
