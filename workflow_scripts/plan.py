"""Write the settings as they hold for a dataset, with all that was decided for it."""

from pathlib import Path

import yaml

from urn.files.atomic import atomic_path

from _job import logged

with logged(snakemake.log[0]):
    settings = snakemake.params.settings
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    with atomic_path(Path(snakemake.output[0])) as temporary:
        temporary.write_text(text, encoding="utf-8")
