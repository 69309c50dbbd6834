"""The user's own folders must not be those that a run writes into."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rules.plan import layouts, people
from rules.plan.configuration import resolve
from rules.plan.paths import Paths
from urn.errors import UserError


def check(config: Mapping[str, Any]) -> None:
    """Check that no input of a dataset is, or lies in, what its run makes.

    Raises:
        UserError: one sentence naming the key and the folder.
    """
    for name, dataset in config["datasets"].items():
        results = Paths(name).root
        inputs = layouts.of(dataset).inputs
        inputs |= people.inputs(layouts.of(dataset))
        pseudo_masks = resolve(config, name, "pseudo_masks")
        if pseudo_masks["refiner"] == "own":
            inputs["pseudo_masks.folder"] = pseudo_masks["folder"]
        for key, path in inputs.items():
            if Path(path).resolve().is_relative_to(Path(results).resolve()):
                raise UserError(
                    f"config: datasets.{name}.{key} is {path}, but {results} is where the "
                    "run writes: move your files elsewhere"
                )
