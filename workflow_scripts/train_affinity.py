"""Train AffinityNet on images and the labels that the CRF is sure of."""

from urn.affinity.dataset import LabelledImages
from urn.affinity.network import AffinityNet
from urn.datasets.index import read_index
from urn.training.loop import prepare, train

from _job import in_processes, logged
from _training import arguments, identity, load_initial, save

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    settings, seed = snakemake.params.settings, snakemake.params.seed
    index = read_index(snakemake.input.index)
    images = [entry.image for entry in index.split("train")]
    prepare(seed)
    build = {
        key: settings[key] for key in ("backbone", "output_stride", "radius", "frozen_statistics")
    }
    model = AffinityNet(**build, pretrained=settings["pretrained"] == "imagenet")
    load_initial(model.backbone, snakemake.input.initial)
    train(
        model,
        LabelledImages(
            list(zip(images, snakemake.input.labels, strict=True)),
            settings["crop"],
            settings["long_side"],
            snakemake.params.working_size,
        ),
        **arguments(snakemake),
        parameter_groups=model.parameter_groups(
            settings["learning_rate"], settings["weight_decay"], settings["new_layers_factor"]
        ),
        description=f"AffinityNet {settings['backbone']}",
        identity=identity(snakemake, index),
    )
    save(model, snakemake, build=build)
