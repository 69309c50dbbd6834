"""Train SEAM's classifier on images and their tags."""

import shutil

from urn.classification.dataset import TaggedImages
from urn.classification.network import SEAM
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
    index = read_index(snakemake.input.index)
    prepare(seed)
    build = {
        "backbone": settings["backbone"],
        "num_classes": len(index.classes),
        "output_stride": settings["output_stride"],
        "frozen_statistics": settings["frozen_statistics"],
    }
    model = SEAM(**build, pretrained=settings["weights"] == "imagenet")
    for initial in snakemake.input.initial:
        load_published_state_dict(model.backbone, read_checkpoint(initial, "torch"))
    dataset = TaggedImages(
        [(entry.image, index.tag_ids(entry)) for entry in index.split("train")],
        len(index.classes),
        settings["crop"],
        settings["long_side"],
        rough_masks=snakemake.input.get("rough_masks"),
        **snakemake.params.get("multi_crop", {}),
    )
    train(
        model,
        dataset,
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
        description=f"classifier {settings['backbone']}",
        identity=repr((settings, snakemake.params.code, fingerprint(snakemake.input))),
    )
    meta = {"build": build, "seed": seed, "settings": settings}
    save_model(model, snakemake.output.model, meta)
    if is_main():
        shutil.rmtree(snakemake.params.work)
