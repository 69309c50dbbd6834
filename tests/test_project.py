"""The files that others need to use the project agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import urn

REPOSITORY = Path(__file__).parents[1]
CITATION = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def normalised(package):
    return re.sub(r"[-_.]+", "-", package).lower()


def requirements():
    """The packages that a requirements file of the repository names."""
    for file in sorted(REPOSITORY.glob("requirements*.txt")):
        for line in file.read_text().splitlines():
            if name := re.match(r"[A-Za-z0-9][\w.-]*", line):
                yield normalised(name.group())


def names_in_tables(document):
    rows = [line for line in document.read_text().splitlines() if line.startswith("|")]
    return {normalised(name) for name in re.findall(r"`([\w.-]+)`", "\n".join(rows))}


def test_versions_agree():
    assert CITATION["version"] == urn.__version__
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "urn.__version__"}


def test_changelog_knows_the_version():
    versions = re.findall(r"\d+\.\d+\.\d+", (REPOSITORY / "CHANGELOG.md").read_text())
    assert urn.__version__ in versions


def test_licence_authors_and_keywords_agree():
    project = PROJECT["project"]
    (name,) = (author["name"] for author in project["authors"])
    assert (REPOSITORY / "LICENSE").read_text().startswith(f"{project['license']} License")
    assert f"{name}\n" in (REPOSITORY / "LICENSE").read_text()
    assert CITATION["authors"] == [{"name": name}]
    assert CITATION["license"] == project["license"]
    assert CITATION["keywords"] == project["keywords"]


@pytest.mark.parametrize("package", sorted(set(requirements())))
def test_licence_of_every_required_package_is_named(package):
    assert package in names_in_tables(REPOSITORY / "docs" / "licences.md")


def test_licence_of_all_published_weights_is_named():
    weights = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["pretrained"]
    named = names_in_tables(REPOSITORY / "docs" / "licences.md")
    assert {normalised(backbone) for backbone in weights} <= named


def test_catalogue_lists_the_deployments_that_it_knows():
    settings = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())
    (usage,) = settings.values()
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    deployments = {"conda", "apptainer", "apptainer+conda"}
    assert set(usage["software-stack-deployment"]) == deployments
