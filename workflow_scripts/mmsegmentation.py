"""Write a trained model as mmsegmentation's own tools take it."""

from urn.datasets.index import BACKGROUND, read_index
from urn.export.mmseg import write_checkpoint, write_config
from urn.files.models import load_model

from _job import logged
from _responses import built

with logged(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    classes = [BACKGROUND, *read_index(snakemake.input.index).classes]
    model, meta = load_model(snakemake.input.model, built)
    write_checkpoint(output.checkpoint, model, classes)
    write_config(output.config, meta["build"], params.resize, classes, params.data_root)
