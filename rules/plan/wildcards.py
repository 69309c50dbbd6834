"""What Snakemake gives to functions for input and params: a job's wildcards."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Wildcards(Protocol):
    """Snakemake's, of a job."""

    def __getattr__(self, name: str) -> str: ...

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values."""


OfJob = Callable[[Wildcards], Any]
