"""Checks that Snakemake is as the hooks expect, and puts functions of ours in place of its own."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import snakemake

from urn.errors import UserError

WRITTEN_FOR = "9.27.1"


def replace(
    owner: object,
    name: str,
    replacement: Callable[..., Any],
    signature: str,
    uses: Sequence[str] = (),
) -> None:
    """Replace a function or class of Snakemake's, unless that has been done already.

    Args:
        owner: the class or module that holds it.
        name: its name there.
        replacement: what to put in its place.
        signature: see `expect`; so is `uses`.

    Raises:
        UserError: what is to be replaced is missing or different.
    """
    if getattr(owner, name, None) is not replacement:
        expect(owner, name, signature, uses)
        setattr(owner, name, replacement)


def expect(
    owner: object, name: str, signature: str | None = None, uses: Sequence[str] = ()
) -> None:
    """Check an attribute that a hook relies on.

    Args:
        owner: a class, module or object.
        name: the attribute's.
        signature: how it must be called, as `signature_of` writes it.
        uses: names that a function's code must mention, such as attributes that it sets.

    Raises:
        UserError: something is missing or different.
    """
    label = f"{getattr(owner, '__name__', type(owner).__name__)}.{name}"
    if not hasattr(owner, name):
        raise difference(f"there is no {label}")
    function = getattr(owner, name)
    if signature and (found := signature_of(function)) != signature:
        raise difference(f"{label} is {found} and not {signature}")
    for used in uses:
        if used not in function.__code__.co_names:
            raise difference(f"{label} does not mention {used}")


def signature_of(function: Callable[..., Any]) -> str:
    """How a function is called, without types: `async (self, jobs, wait=True)`."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    call = str(inspect.Signature(parameters))
    return f"async {call}" if inspect.iscoroutinefunction(function) else call


def difference(what: str) -> UserError:
    """The error that says what differs in the Snakemake installed, and what to do."""
    return UserError(
        f"Snakemake {snakemake.__version__} is not what this workflow was written for: {what}; "
        f"install the pinned version: pip install snakemake=={WRITTEN_FOR}"
    )
