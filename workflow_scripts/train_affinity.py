"""Train AffinityNet on images and the labels that the CRF is sure of."""

import shutil

from urn.affinity.dataset import LabelledImages
from urn.affinity.network import AffinityNet
from urn.datasets.index import read_index
from urn.distributed import is_main
from urn.model_files import save_model
from urn.segmentation.backbones import load_published_state_dict
from urn.segmentation.backbones.checkpoints import read_checkpoint
from urn.training import prepare, train

from _job import fingerprint, in_processes, logged

with logged(snakemake.log[0]):
    in_processes(snakemake.resources.processes, snakemake.resources.nodes)
    settings, seed = snakemake.params.settings, snakemake.params.seed
    images = [entry.image for entry in read_index(snakemake.input.index).split("train")]
    prepare(seed)
    build = {
        key: settings[key] for key in ("backbone", "output_stride", "radius", "frozen_statistics")
    }
    model = AffinityNet(**build, pretrained=settings["weights"] == "imagenet")
    for initial in snakemake.input.initial:
        load_published_state_dict(model.backbone, read_checkpoint(initial, "torch"))
    train(
        model,
        LabelledImages(
            list(zip(images, snakemake.input.labels, strict=True)),
            settings["crop"],
            settings["long_side"],
        ),
        iterations=settings["iterations"],
        batch_size=settings["batch_size"],
        images_per_step=settings["images_per_step"],
        learning_rate=settings["learning_rate"],
        parameter_groups=model.parameter_groups(
            settings["learning_rate"], settings["weight_decay"], settings["new_layers_factor"]
        ),
        weight_decay=settings["weight_decay"],
        precision=settings["precision"],
        channels_last=settings["channels_last"],
        seed=seed,
        threads=snakemake.threads,
        work_dir=snakemake.params.work,
        curve=snakemake.output.curve,
        description=f"AffinityNet {settings['backbone']}",
        identity=repr((settings, snakemake.params.code, fingerprint(snakemake.input))),
    )
    save_model(model, snakemake.output.model, {"build": build, "seed": seed, "settings": settings})
    if is_main():
        shutil.rmtree(snakemake.params.work)
