"""Which GPUs jobs get where they run on this machine.

Snakemake counts a resource `gpu` but does not know how many there are, nor does it tell a job which
ones it has. Whether jobs run here or on a cluster is known only when the Snakefile has been read.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from snakemake.api import DAGApi
from snakemake.exceptions import WorkflowError
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.script import PythonScript
from snakemake.workflow import Workflow

from rules.hooks.replacement import expect, replace
from urn.errors import UserError

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
EXECUTE = (
    "(self, executor='local', pseudo_executor=None, execution_settings=None, "
    "remote_execution_settings=None, scheduling_settings=None, group_settings=None, "
    "executor_settings=None, updated_files=None, scheduler_settings=None, "
    "greedy_scheduler_settings=None)"
)

_execute_of_snakemake = DAGApi.execute_workflow
_preamble_of_snakemake = PythonScript.get_preamble
_share: Callable[[int | None], int | None] | None = None


def install() -> None:
    """Make Snakemake ask how many GPUs there are, and let each script see those of its job."""
    expect(Workflow, "__post_init__", uses=["global_resources"])
    expect(JobScheduler, "__init__", uses=["global_resources"])
    expect(PythonScript, "write_script", "(self, preamble, fd)")
    replace(DAGApi, "execute_workflow", _execute, EXECUTE, uses=["_workflow"])
    replace(PythonScript, "get_preamble", _preamble, "(self)")


def share_by(share: Callable[[int | None], int | None]) -> None:
    """Set what to call when jobs are about to run on this machine.

    Args:
        share: takes the limit of `--resources gpu=N`, None without, and returns the one to keep.
    """
    global _share
    _share = share


def _execute(dag_api: DAGApi, executor: str = "local", *arguments: Any, **options: Any) -> None:
    workflow = dag_api.workflow_api._workflow
    if _share and workflow.is_main_process and executor in ("local", "dryrun", "touch"):
        try:
            limit = _share(workflow.global_resources.get("gpu").value)
        except UserError as error:
            raise WorkflowError(str(error)) from None
        if limit is not None:
            workflow.global_resources["gpu"] = limit
    _execute_of_snakemake(dag_api, executor, *arguments, **options)


def _preamble(script: PythonScript) -> str:
    """What stands before a script's own lines."""
    first = f"sys.path.append({str(SCRIPTS)!r}); import _gpus; _gpus.take(snakemake)"
    return f"{_preamble_of_snakemake(script)}{first}\n"
