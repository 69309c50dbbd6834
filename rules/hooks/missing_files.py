"""Files that a plan lacks and only a person can fetch are told together, before any job runs.

Snakemake would start all other jobs, and the one that fetches such a file would fail at its turn.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from snakemake.dag import DAG
from snakemake.exceptions import WorkflowError

from rules.hooks.replacement import expect, replace
from rules.plan import by_hand
from urn.errors import UserError, raise_faults

POSTPROCESS = (
    "async (self, update_needrun=True, update_incomplete_input_expand_jobs=True, "
    "check_initial=False)"
)

_postprocess_of_snakemake = DAG.postprocess


def install(*on_plan: Callable[[DAG], None]) -> None:
    """Make Snakemake call each of `on_plan` with a plan that it is about to run, or to show."""
    expect(DAG, "needrun_jobs", "(self, exclude_finished=True)")
    expect(DAG, "__init__", uses=["depending"])
    DAG.on_plan = on_plan
    replace(DAG, "postprocess", _postprocess, POSTPROCESS)


async def _postprocess(
    dag: DAG, *arguments: Any, check_initial: bool = False, **options: Any
) -> None:
    if check_initial and dag.workflow.is_main_process:
        for call in DAG.on_plan:
            call(dag)
    await _postprocess_of_snakemake(dag, *arguments, check_initial=check_initial, **options)


def checker(config: Mapping[str, Any]) -> Callable[[DAG], None]:
    """What to call with a plan: it raises a WorkflowError that tells what is missing, if anything.

    Args:
        config: which need not be complete yet.
    """

    def check(dag: DAG) -> None:
        keys = by_hand.without_address(config)
        users = {
            str(file): set(_users(dag, job))
            for job in dag.needrun_jobs()
            for file in job.output
            if file in keys
        }
        try:
            raise_faults("what must be fetched by hand", by_hand.sentences(config, users))
        except UserError as error:
            raise WorkflowError(str(error)) from None

    return check


def _users(dag: DAG, job: Any) -> Iterator[tuple[str, str]]:
    """Dataset and rule of the jobs that need a published file; weights go through one more rule."""
    for user in dag.depending[job]:
        if user.rule.name == "pretrained":
            yield from _users(dag, user)
        else:
            yield dict(user.wildcards.items()).get("dataset", ""), user.rule.name
