"""Images and their masks side by side; the images at quantiles of a column of a table."""

from urn.datasets.index import BACKGROUND, read_index
from urn.figures.choice import at_quantiles
from urn.figures.false_pixels import false_legend
from urn.figures.panels import masks_of, panel
from urn.figures.sheets import Row, sheet
from urn.figures.style import class_legend, heat_legend, save

from _job import logged
from _tables import read_table

with logged(snakemake.log[0]):
    params = snakemake.params
    index = read_index(snakemake.input.index)
    table = read_table(snakemake.input.table, ["image"])
    table["position"] = range(len(table))
    chosen = at_quantiles(table, params.by, params.quantiles)
    entries = [index[image] for image in chosen["image"]]
    rows = [
        Row(
            [panel(kind, entry, folder) for _, kind, folder in params.columns],
            params.heading.format_map(values),
        )
        for entry, values in zip(entries, chosen.to_dict("records"), strict=True)
    ]
    folders = [folder for _, kind, folder in params.columns if kind == "mask"]
    legend = class_legend(masks_of(entries, folders), [BACKGROUND, *index.classes])
    kinds = {kind for _, kind, _ in params.columns}
    if "false" in kinds:
        legend += false_legend()
    if "uncertainty" in kinds:
        legend += heat_legend("U = 0, certain", "U = 1, uncertain")
    tiles = params.tiles
    rows += [Row([None] * len(params.columns))] * (-len(rows) % tiles)
    joined = [
        Row([image for row in rows[n : n + tiles] for image in row.images], rows[n].label)
        for n in range(0, len(rows), tiles)
    ]
    titles = [title for title, _, _ in params.columns] * tiles
    save(sheet(joined, titles, legend), snakemake.output[0])
