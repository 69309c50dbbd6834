"""Backbones, refiners and measures by their names."""

import inspect
import subprocess
import sys
from types import SimpleNamespace

import pytest

from urn import registry
from urn.registry import BACKBONES, MEASURES, REFINERS, TABLES, Place, Refiner


def test_names_are_known_without_heavy_imports():
    program = (
        "import sys; from urn.registry import BACKBONES, REFINERS, MEASURES, modules; "
        "modules('BACKBONES'); "
        "print(*({'torch', 'numpy', 'urn.backbones'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


@pytest.mark.parametrize("place", [p for table in TABLES.values() for p in table.values()])
def test_every_place_has_what_is_registered(place):
    found = Place.load(place)
    module, _, name = place.address.partition(":")
    assert (found.__module__, found.__name__) == (module, name)


@pytest.mark.parametrize("refiner", REFINERS.values(), ids=REFINERS)
def test_refiners_take_their_settings(refiner):
    arguments = inspect.signature(Place.load(refiner)).parameters
    settings = {*refiner.settings, *refiner.section_settings}
    further = "network" if refiner.network else "backend"
    assert set(arguments) == {"image", "cams", further} | settings
    assert bool(refiner.section) == bool(refiner.section_settings)


def test_a_network_is_read_for_the_refiner_that_needs_one(monkeypatch):
    module = SimpleNamespace(
        refine=lambda image, cams, network: (image, cams, network),
        read=lambda path: f"network of {path}",
    )
    monkeypatch.setattr(registry, "import_module", lambda name: module)
    plain = Refiner("anywhere:refine", ())
    trained = Refiner("anywhere:refine", (), network=Place("elsewhere:read"))
    assert plain.load()(1, 2, 3) == (1, 2, 3)
    assert trained.load("model.pth")(1, 2) == (1, 2, "network of model.pth")
    assert trained.modules == ("anywhere", "elsewhere")


def test_modules_are_those_of_all_or_of_one():
    assert registry.modules("REFINERS", "ppmg") == {"urn.refinement"}
    assert registry.modules("REFINERS") == {"urn.refinement", "urn.affinity.refinement"}
    assert registry.modules("BACKBONES", "scalenet101") == {"urn.backbones.scalenet"}
    assert registry.modules("MEASURES") == {"urn.measures"}
    assert len(registry.modules("BACKBONES")) < len(BACKBONES)  # two are in one module


@pytest.mark.parametrize("name", MEASURES)
def test_measures_are_called_alike(name):
    first = list(inspect.signature(MEASURES[name].load()).parameters)[:5]
    assert first == ["image", "response", "labels", "variance", "backend"]
