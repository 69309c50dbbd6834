"""The conda environment holds the pins of requirements.txt."""

from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]


def test_conda_environment_has_the_pins_of_the_requirements():
    lines = (
        (REPOSITORY / "requirements.txt").read_text().split("# Tests and checks")[0].splitlines()
    )
    pins = {line for line in lines if line and not line.startswith("#")}
    environment = yaml.safe_load((REPOSITORY / "envs" / "urn.yaml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert set(pip) == pins
    assert all("==" in pin for pin in pins)
