"""Every package is pinned, the same everywhere; nothing is said on the terminal but by us."""

import importlib.metadata
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
# Of which the headless build is installed: onedl-mmcv and onedl-mmsegmentation ask for the other.
REPLACED = "requires opencv-python, which is not installed."
# Installed by hand for `make reference`; pip comes with every environment.
UNPINNED = {"pip", "setuptools", "pydensecrf2", "urn-wsss"}


def pins(name):
    lines = (REPOSITORY / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def canonical(name):
    return name.lower().replace("_", "-").replace(".", "-")


def test_conda_environment_has_the_pins_of_the_requirements():
    environment = yaml.safe_load((REPOSITORY / "envs" / "urn.yaml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == pins("requirements.txt")
    (opencv,) = [pin for pin in pip if pin.startswith("opencv")]
    assert opencv in (REPOSITORY / "envs" / "urn.post-deploy.sh").read_text()


@pytest.mark.parametrize(
    ("wanted", "locks"),
    [
        (PROJECT["project"]["dependencies"], ["requirements.txt"]),
        (PROJECT["dependency-groups"]["test"], ["requirements.txt", "tests/requirements.txt"]),
    ],
)
def test_direct_dependencies_are_pinned(wanted, locks):
    locked = {Requirement(pin).name: Requirement(pin) for name in locks for pin in pins(name)}
    for requirement in map(Requirement, wanted):
        (version,) = [s.version for s in locked[canonical(requirement.name)].specifier]
        assert requirement.specifier.contains(version)


def test_whatever_is_installed_is_pinned():
    locked = [
        Requirement(pin) for pin in [*pins("requirements.txt"), *pins("tests/requirements.txt")]
    ]
    versions = {
        canonical(pin.name): pin.specifier
        for pin in locked
        if pin.marker is None or pin.marker.evaluate()
    }
    site_packages = [sysconfig.get_path("purelib")]  # not what setuptools carries within itself
    installed = {
        canonical(d.name): d.version for d in importlib.metadata.distributions(path=site_packages)
    }
    for name, version in installed.items():
        assert name in UNPINNED or versions[name].contains(version), name
    assert versions.keys() <= installed.keys()


def test_pip_misses_only_what_stands_replaced():
    command = [sys.executable, "-m", "pip", "check"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    broken = [line for line in printed.splitlines() if line != "No broken requirements found."]
    assert all(line.endswith(REPLACED) for line in broken), printed


def test_imports_say_nothing():
    """Warnings of optional parts of libraries are not the user's."""
    code = "import urn.segmentation.model, urn.segmentation.inference, urn.classification.network"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
