"""Train SEAM's classifier on images and their tags."""

from urn.classification.dataset import TaggedImages
from urn.classification.network import SEAM
from urn.datasets.index import read_index
from urn.training.loop import prepare, train

from _job import in_processes, logged
from _training import arguments, identity, load_initial, save

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    settings, seed = snakemake.params.settings, snakemake.params.seed
    index = read_index(snakemake.input.index)
    prepare(seed)
    build = {
        "backbone": settings["backbone"],
        "num_classes": len(index.classes),
        "output_stride": settings["output_stride"],
        "frozen_statistics": settings["frozen_statistics"],
    }
    model = SEAM(**build, pretrained=settings["pretrained"] == "imagenet")
    load_initial(model.backbone, snakemake.input.initial)
    dataset = TaggedImages(
        [(entry.image, index.tag_ids(entry)) for entry in index.split("train")],
        len(index.classes),
        settings["crop"],
        settings["long_side"],
        snakemake.params.working_size,
        rough_masks=snakemake.input.get("rough_masks"),
        **snakemake.params.get("multi_crop", {}),
    )
    train(
        model,
        dataset,
        **arguments(snakemake),
        parameter_groups=model.parameter_groups(
            settings["learning_rate"], settings["weight_decay"], settings["new_layers_factor"]
        ),
        description=f"classifier {settings['backbone']}",
        identity=identity(snakemake, index),
    )
    save(model, snakemake, build=build)
