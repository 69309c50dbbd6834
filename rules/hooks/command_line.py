"""What Snakemake would answer with a traceback before it reads the Snakefile, in one sentence.

Called by profiles/default/config.yaml, which Snakemake evaluates before its other files.
"""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from rules.plan import yaml_files

SUFFIXES = (".yaml", ".yml", ".json")


def check(given: Namespace, repository: Path) -> None:
    """Check `--config` and `--configfile`, and the workflow's own configuration files.

    Args:
        given: Snakemake's command line, as its parser takes it.
        repository: where the Snakefile is.

    Raises:
        SystemExit: with everything that is wrong.
    """
    files = given.configfile or []
    found = [*misplaced_targets(files), *unusable_keys(given.config or [])]
    if not found:
        own = [repository / "config.yaml", repository / "slurm" / "site.yaml"]
        found = [fault for file in [*files, *own] for fault in yaml_files.faults(file)]
    if found:
        sys.exit("\n".join(found))


def misplaced_targets(files: Sequence[str | Path]) -> Iterator[str]:
    """Of a target that would be read as one more configuration file."""
    targets = [str(file) for file in files[1:] if Path(file).suffix not in SUFFIXES]
    if targets:
        configurations = [str(file) for file in files if str(file) not in targets]
        yield (
            f"{targets[0]} would be read as a configuration file: write -- before what is to be "
            f"made, as in snakemake --configfile {' '.join([*configurations, '--', *targets])}"
        )


def unusable_keys(entries: Sequence[str]) -> Iterator[str]:
    """Of what --config cannot take."""
    for entry in entries:
        key, equals, value = entry.partition("=")
        if not equals:
            yield (
                f"--config {entry}: write key=value, and -- before what is to be made, as in "
                f"snakemake --config seed=1 -- {entry}"
            )
        elif key == "t":
            yield (
                f"--config {entry}: Snakemake takes keys of two letters or more here: "
                f"write --config threshold={value}"
            )
        elif len(key) < 2:
            yield f"--config {entry}: there is no key {key!r}: docs/configuration.md has them all"
