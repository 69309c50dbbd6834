"""The costs by which alphas are chosen, as their tables have them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from urn.errors import UserError

from _tables import read_table

KEYS = ["image", "class_id"]


def read_costs(paths: Iterable[str]) -> tuple[pd.DataFrame, dict[str, dict[int, np.ndarray]]]:
    """Read the costs of all shards.

    Returns:
        A row for every class of every image and a column for every alpha; and the rows by image
        and class id.

    Raises:
        UserError: a file is no such table, or no image has a class.
    """
    shards = [read_table(path, KEYS, may_be_empty=True) for path in paths]
    table = pd.concat([shard for shard in shards if len(shard)] or shards).set_index(KEYS)
    if table.empty:
        raise UserError("no train image has a class: there is no alpha to choose")
    table.columns = table.columns.astype(float)
    images: dict[str, dict[int, np.ndarray]] = {}
    for (image, label), values in zip(table.index, table.to_numpy(), strict=True):
        images.setdefault(image, {})[label] = values
    return table, images
