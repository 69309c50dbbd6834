"""What there is to remark of a dataset's images and tags: a page, and a table of the remarks."""

import pandas as pd

from urn.check.facts import Facts
from urn.check.page import write_check_page
from urn.check.remarks import remarks
from urn.datasets.index import read_index

from _job import logged
from _tables import read_by_image, write_table

with logged(snakemake.log[0]):
    index = read_index(snakemake.input.index)
    table = read_by_image(snakemake.input.facts, Facts.__annotations__)
    facts = {row.pop("image"): Facts(**row) for row in table.to_dict("records")}
    found = remarks(index, facts)
    rows = [(of.topic, of.text, of.remedy, " ".join(of.images)) for of in found]
    columns = ["topic", "remark", "remedy", "images"]
    write_table(snakemake.output.table, pd.DataFrame(rows, columns=columns))
    write_check_page(
        snakemake.output.page,
        snakemake.wildcards.dataset,
        index,
        facts,
        found,
        tags_later=snakemake.params.tags_later,
    )
