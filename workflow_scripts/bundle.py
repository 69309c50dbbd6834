"""Pack a trained model with its ONNX form and its model card."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from urn.datasets.index import BACKGROUND, read_index
from urn.export.bundle import facts_of, write_bundle
from urn.export.model_card import model_card, scores_of
from urn.export.onnx import write_onnx
from urn.files.models import load_model

from _bundle import checked, measured_on_val
from _job import logged
from _responses import built

with logged(snakemake.log[0]), TemporaryDirectory() as folder:
    torch.set_num_threads(snakemake.threads)
    names, prediction = snakemake.wildcards, snakemake.params.prediction
    index = read_index(snakemake.input.index)
    model, meta = load_model(snakemake.input.model, built)
    onnx, scale = Path(folder) / "model.onnx", tuple(prediction["resize"])
    classes = [BACKGROUND, *index.classes]
    write_onnx(onnx, model, scale)
    agreement, labels = checked(onnx, model, scale, index, prediction["working_size"])
    measured = measured_on_val(index, snakemake.input.masks, labels)
    facts = facts_of(
        classes,
        dataset=names.dataset,
        prediction=prediction,
        training={
            "backbone": meta["build"]["backbone"],
            "supervision": names.supervision,
            "loss": meta["loss"],
            "settings": meta["settings"],
        },
        seed=meta["seed"],
        scores=scores_of(classes, measured),
        onnx=vars(agreement),
    )
    name = f"{names.dataset} {names.backbone} {names.supervision}"
    card = model_card(name, index, measured, agreement, facts)
    write_bundle(snakemake.output[0], onnx, Path(snakemake.input.model), card, facts)
    print(card)
