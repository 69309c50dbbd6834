"""What Snakemake does about waiting jobs, with many jobs and many files.

It looks at them once a second for the sake of its limit on starts of jobs per second, but begins
another round of looking for each job that finishes meanwhile: after some dozen jobs that takes a
whole processor. And every look asks for the size of all their inputs, to run those first that free
most space: a training that waits for a GPU has 100 000 masks.
"""

import threading
from collections.abc import Iterable

from snakemake.jobs import AbstractJob
from snakemake.scheduling.job_scheduler import JobScheduler

from rules.hooks.replacement import expect, replace


def install() -> None:
    """Make Snakemake look again one at a time, and ask for each size once."""
    expect(JobScheduler, "__init__", uses=["_open_jobs", "_input_sizes"])
    expect(JobScheduler, "schedule", uses=["_schedule_reevalutation"])
    expect(JobScheduler, "job_selector", uses=["update_input_sizes"])
    JobScheduler._look_pending = False
    replace(JobScheduler, "_schedule_reevalutation", _look_again_once, "(self, delay)")
    replace(JobScheduler, "update_input_sizes", _ask_for_new_sizes, "async (self, jobs)")


def _look_again_once(scheduler: JobScheduler, delay: float) -> None:
    """Look at the waiting jobs again after `delay` seconds, unless that is pending already."""
    if scheduler._look_pending:
        return
    scheduler._look_pending = True

    def look() -> None:
        scheduler._look_pending = False
        scheduler._open_jobs.release()

    timer = threading.Timer(delay, look)
    timer.daemon = True
    timer.start()


async def _ask_for_new_sizes(scheduler: JobScheduler, jobs: Iterable[AbstractJob]) -> None:
    """Enter the sizes of the jobs' inputs that are not known yet; None where there is no file."""
    sizes = scheduler._input_sizes
    for job in jobs:
        for path in job.input:
            if path not in sizes:
                sizes[path] = await path.size() if await path.exists() else None
