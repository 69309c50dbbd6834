"""Write the settings that a model's predictions depend on beside the model."""

from urn.prediction.settings import write_settings

from _job import logged

with logged(snakemake.log[0]):
    write_settings(snakemake.output[0], snakemake.params.settings)
