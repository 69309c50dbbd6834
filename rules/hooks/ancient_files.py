"""Jobs that take a file as ancient run for reasons of their own, also when that file is made again.

Snakemake does not ask a job for its reasons when a job before it will run, as it will then run too;
but not if all that lies between is ancient, and then it is forgotten.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from snakemake.dag import DAG

from rules.hooks.replacement import expect, replace

_update_of_snakemake = DAG.update_needrun


def install() -> None:
    """Make Snakemake ask every job that does not run in any case."""
    expect(DAG, "bfs")
    signature = "async (self, create_inventory=False)"
    replace(DAG, "update_needrun", _update_needrun, signature, uses=["bfs"])


async def _update_needrun(dag: DAG, *arguments: Any, **options: Any) -> None:
    dag.bfs = _jobs_that_follow  # its only use there: jobs that need no asking
    try:
        await _update_of_snakemake(dag, *arguments, **options)
    finally:
        del dag.bfs


def _jobs_that_follow(direction: Mapping[Any, Mapping[Any, Any]], *jobs: Any) -> Iterator[Any]:
    """`jobs` and those that run because of them."""
    queue, seen = list(jobs), set(jobs)
    while queue:
        job = queue.pop()
        yield job
        for other, files in direction[job].items():
            if other not in seen and not all(file.is_ancient for file in files):
                seen.add(other)
                queue.append(other)
