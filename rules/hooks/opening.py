"""The start of a run: what is planned, in a line for every plan that is to be written."""

import sys
from typing import Any

from rules.plan.plan import Plan


def announce(workflow: Any, plan: Plan) -> None:
    """For `onstart`: the main numbers of the datasets whose plan.yaml is made, on standard error.

    Args:
        workflow: Snakemake's, whose jobs are about to run.
        plan: of the run.
    """
    for job in workflow.dag.needrun_jobs():
        if job.rule.name == "plan":
            print(plan.dataset(job.wildcards.dataset).summary, file=sys.stderr)
