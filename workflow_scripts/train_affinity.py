"""Train AffinityNet on images and the labels that the CRF is sure of."""

from urn.affinity.dataset import LabelledImages
from urn.affinity.network import AffinityNet
from urn.datasets.index import read_index
from urn.training.loop import prepare, train

from _job import logged
from _training import load_initial, save
from _training_job import FINE_TUNED, arguments, groups, identity, in_processes

BUILD = (*FINE_TUNED, "radius")

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    params, settings = snakemake.params, snakemake.params.settings
    index = read_index(snakemake.input.index)
    images = [entry.image for entry in index.split("train")]
    prepare(params.seed)
    build = {name: settings[name] for name in BUILD}
    model = AffinityNet(**build, pretrained=settings["pretrained"] == "imagenet")
    load_initial(model.backbone, snakemake.input.initial)
    samples = list(zip(images, snakemake.input.labels, strict=True))
    train(
        model,
        LabelledImages(samples, settings["crop"], settings["long_side"], params.working_size),
        **arguments(snakemake),
        parameter_groups=model.parameter_groups(**groups(settings)),
        description=f"AffinityNet {settings['backbone']}",
        momentum=settings["momentum"],
        identity=identity(snakemake, index),
    )
    save(model, snakemake, build=build)
