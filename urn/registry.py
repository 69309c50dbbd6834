"""Where refiners are."""

from typing import NamedTuple


class Refiner(NamedTuple):
    place: str
    settings: tuple[str, ...]
    section: str | None = None
    section_settings: tuple[str, ...] = ()
    network: bool = False


REFINERS = {
    "ppmg": Refiner("urn.refinement:ppmg", ("alpha", "cam_threshold", "cv_scale")),
    "crf": Refiner("urn.refinement:crf_refine", ("alpha",)),
    "affinity": Refiner(
        "urn.refinement:affinity_refine", ("alpha",), "affinity", ("beta", "log_t"), True
    ),
}


def modules(table: str, only: str | None = None) -> list[str]:
    return ["urn.refinement"]
