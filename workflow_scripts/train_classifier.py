"""Train SEAM's classifier on images and their tags."""

from urn.classification.dataset import TaggedImages
from urn.classification.network import SEAM
from urn.datasets.index import read_index
from urn.training.loop import prepare, train

from _job import logged
from _training import load_initial, save
from _training_job import arguments, groups, identity, in_processes

BUILD = ("backbone", "output_stride", "frozen_statistics")

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    params, settings = snakemake.params, snakemake.params.settings
    index = read_index(snakemake.input.index)
    prepare(params.seed)
    build = {name: settings[name] for name in BUILD} | {"num_classes": len(index.classes)}
    model = SEAM(**build, pretrained=settings["pretrained"] == "imagenet")
    load_initial(model.backbone, snakemake.input.initial)
    dataset = TaggedImages(
        [(entry.image, index.tag_ids(entry)) for entry in index.split("train")],
        len(index.classes),
        settings["crop"],
        settings["long_side"],
        params.working_size,
        rough_masks=snakemake.input.get("rough_masks"),
        **params.get("multi_crop", {}),
    )
    train(
        model,
        dataset,
        **arguments(snakemake),
        parameter_groups=model.parameter_groups(**groups(settings)),
        description=f"classifier {settings['backbone']}",
        identity=identity(snakemake, index),
    )
    save(model, snakemake, build=build)
