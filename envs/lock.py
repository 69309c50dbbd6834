"""Pin every package that gets installed: `make lock`, after a change of pyproject.toml.

From pyproject.toml's dependencies it writes requirements.txt (what the pipeline needs),
tests/requirements.txt (what checks and tests need besides) and envs/urn.yaml (the first for conda).
"""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

# onedl-mmcv asks for opencv-python, which needs X libraries; the headless build does not.
REPLACED = "opencv-python"
# Packages whose version the registry serves in several builds: `===` takes its own.
OWN_BUILDS = ("torch==", "torchvision==")
# Systems on which the pipeline does not run.
ELSEWHERE = ("win32", "emscripten")

RUN_HEADER = f"""\
# Every package that the pipeline installs, pinned by `make lock` from pyproject.toml.
# Install with --no-deps: {REPLACED}, for which {REPLACED}-headless stands, is left out.
"""
TEST_HEADER = "# What checks and tests need besides requirements.txt, pinned by `make lock`.\n"
CONDA_HEADER = """\
# The environment of every rule for `snakemake --sdm conda`: the pins of requirements.txt, written
# by `make lock`. urn.post-deploy.sh mends the one that pip adds.
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def pins(*options: str) -> list[str]:
    """The requirements that uv resolves for all supported versions of Python."""
    command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--quiet", *options]
    command += ["--fork-strategy", "fewest", "--no-header", "--no-annotate"]
    command += ["--no-emit-package", REPLACED]
    printed = subprocess.run(
        command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return [
        line.replace("==", "===", 1) if line.startswith(OWN_BUILDS) else line
        for line in printed.splitlines()
        if not any(f"sys_platform == '{system}'" in line for system in ELSEWHERE)
    ]


def main() -> None:
    """Write the three files."""
    run = pins()
    write("requirements.txt", RUN_HEADER, run)
    both = pins("--group", "test", "--constraint", "requirements.txt")
    write("tests/requirements.txt", TEST_HEADER, [pin for pin in both if pin not in run])
    write("envs/urn.yaml", CONDA_HEADER, [f'      - "{pin}"' for pin in run])


def write(name: str, header: str, lines: list[str]) -> None:
    """Write a file of the repository."""
    (REPOSITORY / name).write_text(header + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
