"""Snakemake's default limit of 100 starts of jobs per second, lifted.

Wherever there is a limit, Snakemake looks at all waiting jobs again after its timespan, once more
for every job that has finished meanwhile: after 60 jobs that takes a whole processor.
"""

from snakemake.settings.types import SchedulingSettings

DEFAULT = (100, 1)  # jobs, seconds


def lift_default(settings: SchedulingSettings | None) -> None:
    """Take the default limit away; one that the user chose stays."""
    if settings is None or settings.max_jobs_per_timespan is None:
        return
    limit = settings.max_jobs_per_timespan
    if (limit.max_jobs, limit.timespan) == DEFAULT:
        settings.max_jobs_per_timespan = None
