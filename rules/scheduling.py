"""How often Snakemake looks at the jobs that wait: once per second at most.

It means to do so, for the sake of its limit on starts of jobs per second, but begins another round
of looking every second for each job that finishes while others wait: after some dozen jobs that
takes a whole processor.
"""

import threading

from snakemake.scheduling.job_scheduler import JobScheduler


def install() -> None:
    """Make Snakemake look again one at a time."""
    JobScheduler._look_pending = False
    JobScheduler._schedule_reevalutation = _look_again_once


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
