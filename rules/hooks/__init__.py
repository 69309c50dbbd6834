"""What the workflow changes in Snakemake, and relies on; docs/snakemake.md has the reasons."""

from collections.abc import Callable
from typing import Any

from rules.hooks.replacement import difference, expect

OF_THE_WORKFLOW = (
    "dag",
    "dag_settings",
    "dryrun",
    "execution_settings",
    "is_main_process",
    "main_snakefile",
    "rules",
)


def install(
    workflow: Any, on_missing: Callable[[str], None], *on_plan: Callable[[Any], None]
) -> None:
    """Put every hook in place; to be called by the Snakefile before its rules.

    Args:
        workflow: Snakemake's.
        on_missing: called with a file that no rule makes.
        on_plan: each called with the plan, Snakemake's DAG, before it is run or shown.

    Raises:
        UserError: Snakemake differs from what a hook was written for.
    """
    try:
        from snakemake.dag import DAG

        from rules.hooks import (
            ancient_files,
            gpus,
            keeping,
            missing_files,
            output_index,
            scheduling,
        )
    except (ImportError, AttributeError) as error:  # what is imported of Snakemake
        raise difference(str(error)) from None
    for name in OF_THE_WORKFLOW:
        expect(type(workflow), name)
    expect(workflow, "config_settings")
    expect(workflow.config_settings, "overwrite_config")
    expect(DAG, "jobs")
    ancient_files.install()
    gpus.install()
    keeping.install()
    missing_files.install(*on_plan)
    output_index.install(on_missing)
    scheduling.install()
