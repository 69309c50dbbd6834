"""URN: weakly supervised semantic segmentation with uncertainty from response scaling.

A library of functions and modules on arrays and tensors. It is independent of Snakemake, of the
layout of results and of configuration files.

`urn.load` reads a trained model, which predicts images; it is imported when it is first used, as
PyTorch takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urn.prediction.model import Model as Model
    from urn.prediction.model import load as load
    from urn.prediction.prediction import Prediction as Prediction

__version__ = "0.2.0"

_PLACES = {
    "load": "urn.prediction.model",
    "Model": "urn.prediction.model",
    "Prediction": "urn.prediction.prediction",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
