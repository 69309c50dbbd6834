"""The error for faults that the user can fix."""

from collections.abc import Iterable

MOST_TOLD = 10


class UserError(Exception):
    """Bad input or configuration; the message is one sentence naming the culprit and the fix.

    Names out of damaged files may hold what no terminal shows: it is written out.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(map(_shown, message)))


def _shown(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    return character.encode("unicode_escape").decode()


def raise_faults(what: str, faults: Iterable[object], alone: bool = True) -> None:
    """Raise if there are faults: list the first ten, and say how many more there are.

    Args:
        what: what has the faults.
        faults: sentences, or objects that print as one.
        alone: whether a single fault is its own message, without `what`.

    Raises:
        UserError: there are faults.
    """
    lines = [str(fault) for fault in faults]
    if len(lines) == 1 and alone:
        raise UserError(lines[0])
    if lines:
        told = [f"  {line}" for line in lines[:MOST_TOLD]]
        if len(lines) > MOST_TOLD:
            told.append(f"  ... and {in_thousands(len(lines) - MOST_TOLD)} more")
        count = f"{in_thousands(len(lines))} fault{'s' if len(lines) > 1 else ''}"
        raise UserError("\n".join([f"{what} has {count} to mend:", *told]))


def in_thousands(count: int) -> str:
    """A number with spaces between groups of three digits."""
    return f"{count:,}".replace(",", " ")
