"""The report's front page: what was run, the result, where it failed, what it cost."""

from urn.datasets.index import read_index
from urn.files.atomic import atomic_path
from urn.report.front_page import Run, front_page

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    index, params = read_index(snakemake.input.index), snakemake.params
    run = Run(
        dataset=snakemake.wildcards.dataset,
        images={split: len(index.split(split)) for split in ("train", "val")},
        classes=len(index.classes),
        refiner=None if params.refiner == "own" else params.refiner,
        alpha=params.alpha,
        teacher=params.teacher,
        baseline_row=params.baseline_row,
        runs=params.runs,
        scales=params.scales,
        thresholds=params.thresholds,
        seed=params.seed,
        bundles=params.bundles,
        went_on=params.went_on,
        folder=params.folder,
    )
    files = {name: file for name, file in snakemake.input.items() if name != "index"}
    tables = {name: read_table(file, []) for name, file in files.items()}
    with atomic_path(snakemake.output[0]) as temporary:
        temporary.write_text(front_page(run, **tables), encoding="utf-8")
