"""Around every script: its log and its one-sentence errors."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from urn import progress
from urn.errors import UserError

# Set by torch's launcher: this is one of a training's processes.
RANK = os.environ.get("RANK")


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Send everything printed to the log; bars and the sentence of an error to the terminal.

    Errors of the user's making end the script with their sentence; others with one that points to
    the traceback in the log. Of a training's processes the first speaks for all; its terminal is
    the standard output that `in_processes` gave it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    terminal = os.dup(2) if RANK is None else os.dup(1)
    if RANK not in (None, "0"):
        terminal = os.open(os.devnull, os.O_WRONLY)
    progress.terminal = os.fdopen(terminal, "w", buffering=1)
    if RANK is None:
        Path(path).write_text("")
    with open(path, "a", buffering=1) as log:  # several processes of a training write to it
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logging.basicConfig(
        level=logging.INFO if RANK in (None, "0") else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
    )
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        print(f"\n{error}\n", file=progress.terminal)
        sys.exit(1)
    except Exception as error:
        traceback.print_exc()
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"\n{reason} (traceback in {path})\n", file=progress.terminal)
        sys.exit(1)
