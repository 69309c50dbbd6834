"""What a job that fails leaves behind: what was there before.

Snakemake deletes a job's outputs before it starts and after it failed, as they may be of an earlier
configuration or half-written: a training whose input was spoilt would take the trained model with
it. Here every file is written whole or not at all, so outputs stay until the new ones replace them,
and what a failed job left alone counts as made by the job before.
"""

from typing import Any

from snakemake.jobs import Job
from snakemake.persistence import PersistenceBase
from snakemake_interface_storage_plugins.io import Mtime

from rules.hooks.replacement import expect, replace

POSTPROCESS = (
    "async (self, store_in_storage=True, handle_log=True, handle_touch=True, error=False, "
    "ignore_missing_output=False, check_output_mtime=True)"
)

_postprocess_of_snakemake = Job.postprocess


def install() -> None:
    """Make Snakemake keep the outputs of jobs that are about to start or have failed."""
    expect(PersistenceBase, "_get_key", "(self, f)")
    expect(PersistenceBase, "_unmark_incomplete", "(self, key)")
    expect(PersistenceBase, "metadata", "(self, target)")
    expect(PersistenceBase, "finished", uses=["endtime"])
    expect(Mtime, "local_or_storage", "(self, follow_symlinks=False)")
    replace(Job, "remove_existing_output", _remove_old_logs, "async (self)")
    replace(Job, "postprocess", _postprocess, POSTPROCESS)


async def _remove_old_logs(job: Job) -> None:
    for file in job.log:
        await file.remove()


async def _postprocess(job: Job, *arguments: Any, error: bool = False, **options: Any) -> None:
    """As Snakemake does after a success; after a failure, leave the files and their records alone.

    Snakemake has marked the outputs as incomplete, so that the job runs again in any case. That is
    taken back if they are as the record of the last success says: they are then as up to date as
    before, and need no new run if what spoilt this one is taken back.
    """
    if not error:
        await _postprocess_of_snakemake(job, *arguments, **options)
        return
    workflow = job.dag.workflow
    if workflow.is_main_process and not await _has_begun_to_replace(job):
        persistence = workflow.persistence
        for file in job.output:
            persistence._unmark_incomplete(persistence._get_key(file))


async def _has_begun_to_replace(job: Job) -> bool:
    for file in job.output:
        if await file.exists():
            record = job.dag.workflow.persistence.metadata(file)
            if record is None or record.endtime != (await file.mtime()).local_or_storage():
                return True
    return False
