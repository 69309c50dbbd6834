"""The names of backbones, refiners, measures of uncertainty, exports and tools, and their places.

Nothing is imported before it is asked for, so that planning a run needs neither torch nor numpy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a function or a class lies.

    Attributes:
        address: its module and its name, such as `urn.refinement:ppmg`.
    """

    address: str

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules that are imported for it."""
        return (self.address.partition(":")[0],)

    def load(self) -> Any:
        """Import it."""
        module, _, name = self.address.partition(":")
        return getattr(import_module(module), name)


@dataclass(frozen=True)
class Refiner(Place):
    """Where a refiner's function lies, and what it is called with.

    Attributes:
        settings: of the section `pseudo_masks`, the settings that are its arguments.
        section: of a refiner with a trained network, the section that describes it.
        section_settings: of that section, the settings that are its arguments.
        network: where the function lies that reads the network's file.
    """

    settings: tuple[str, ...]
    section: str = ""
    section_settings: tuple[str, ...] = ()
    network: Place | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules that are imported for it."""
        return (*super().modules, *(self.network.modules if self.network else ()))

    def load(self, model: str | Path | None = None) -> Callable[..., Any]:
        """Import the function refine(image, cams, **settings) -> mask.

        Args:
            model: file of the trained network, where the refiner needs one.
        """
        refine: Callable[..., Any] = super().load()
        return partial(refine, network=self.network.load()(model)) if self.network else refine


# A backbone's class is called with the output stride; `urn.backbones.build_backbone` does so.
BACKBONES: dict[str, Place] = {
    "efficientnet_lite0": Place("urn.backbones.efficientnet:EfficientNetLite0"),
    "resnet18": Place("urn.backbones.resnet:ResNet18"),
    "resnet38": Place("urn.backbones.wide_resnet:ResNet38"),
    "resnet101": Place("urn.backbones.resnet:ResNet101"),
    "scalenet101": Place("urn.backbones.scalenet:ScaleNet101"),
    "res2net101": Place("urn.backbones.res2net:Res2Net101"),
}

# Refiners without a network also take `backend`, see `urn.crf.DenseCRF`.
REFINERS: dict[str, Refiner] = {
    "crf": Refiner("urn.refinement:crf_refine", ("alpha",)),
    "ppmg": Refiner("urn.refinement:ppmg", ("alpha", "cam_threshold", "cv_scale")),
    "affinity": Refiner(
        "urn.affinity.refinement:affinity_refine",
        ("alpha",),
        section="affinity",
        section_settings=("beta", "log_t"),
        network=Place("urn.affinity.refinement:load_network"),
    ),
}

# Functions as `urn.measures` describes them.
MEASURES: dict[str, Place] = {
    "urn": Place("urn.measures:scaled_response"),
    "probability": Place("urn.measures:improbability"),
    "entropy": Place("urn.measures:entropy"),
    "tta_variance": Place("urn.measures:tta_variance"),
}

# Functions write(folder, samples, classes, dataset, t) that fill an empty folder with samples of
# `urn.export.samples` in another trainer's format; `classes` are names by id, the background's
# first, and pixels whose weight is at most `t` are marked as ignored, if the format can.
EXPORTS: dict[str, Place] = {
    "voc": Place("urn.export.voc:write_voc"),
    "coco": Place("urn.export.coco:write_coco"),
    "nnunet": Place("urn.export.nnunet:write_nnunet"),
    "yolo": Place("urn.export.yolo:write_yolo"),
}

# Functions write(path, samples, classes) that write a file of samples of `urn.export.samples` for a
# drawing tool to open; `classes` as for EXPORTS.
TOOLS: dict[str, Place] = {
    "cvat.zip": Place("urn.export.cvat:write_cvat"),
    "label_studio.json": Place("urn.export.label_studio:write_label_studio"),
}

# Experiment trackers of `urn.training.tracking`, and the optional modules that each needs.
TRACKERS: dict[str, tuple[str, ...]] = {
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow", "alembic"),
}

TABLES: dict[str, Mapping[str, Place]] = {
    "BACKBONES": BACKBONES,
    "REFINERS": REFINERS,
    "MEASURES": MEASURES,
    "EXPORTS": EXPORTS,
    "TOOLS": TOOLS,
}


def modules(table: str, name: str | None = None) -> set[str]:
    """Names of the modules that a table's things, or one of them, lie in.

    Args:
        table: a key of `TABLES`.
        name: a key of the table; None for all.
    """
    places = TABLES[table].values() if name is None else [TABLES[table][name]]
    return {module for place in places for module in place.modules}
