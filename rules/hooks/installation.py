"""What is changed in Snakemake, for many images and for jobs that fail."""

import os
from typing import Any

from snakemake.exceptions import WorkflowError

from rules.hooks import (
    ancient_files,
    keeping,
    output_index,
    scheduling,
    unknown_targets,
)
from rules.plan.plan import Plan


def install(workflow: Any, plan: Plan) -> None:
    """Make Snakemake do all of it, in this process.

    Args:
        workflow: Snakemake's, of which nothing has been planned yet.
        plan: ours.
    """

    def explain(file: str) -> None:
        """Of a target that no rule makes, say what can be asked for."""
        if file in map(os.path.relpath, workflow.dag_settings.targets):
            rules = [rule.name for rule in workflow.rules]
            datasets = list(plan.config["datasets"])
            sentence = unknown_targets.sentence(file, datasets, plan.supervisions, rules)
            raise WorkflowError(sentence)

    ancient_files.install()
    keeping.install()
    output_index.install(explain)
    scheduling.install()
