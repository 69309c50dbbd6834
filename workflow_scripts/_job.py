"""Around every script: its log, its one-sentence errors, and the library on the path.

Scripts import this first.
"""

import hashlib
import logging
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from urn import progress
from urn.errors import UserError


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Send everything printed to the log; bars and the sentence of an error to the terminal.

    Errors of the user's making end the script with their sentence; others with one that points to
    the traceback in the log.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    progress.terminal = os.fdopen(os.dup(2), "w", buffering=1)
    with open(path, "w", buffering=1) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
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


def fingerprint(paths: Iterable[str]) -> str:
    """Changes when one of the files is made anew."""
    states = [(path, os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in paths]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:12]
