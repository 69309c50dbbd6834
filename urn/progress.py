"""Progress of long work: a bar on a terminal, an occasional log line elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
log = logging.getLogger(__name__)

# Where bars are drawn. A program that redirects its output sets this to its terminal.
terminal: TextIO = sys.stderr

SECONDS_BETWEEN_LINES = 30.0


class Progress:
    """Counts finished steps of `total` (None: unknown), starting at `done`.

    Call `advance` once per step.
    """

    def __init__(
        self, description: str, total: int | None, unit: str = "image", done: int = 0
    ) -> None:
        self.description, self.total, self.unit = description, total, unit
        self._first, self._done = done, done
        self._start = self._last_line = time.monotonic()
        self._bar = tqdm(
            desc=description,
            total=total,
            initial=done,
            unit=unit,
            file=terminal,
            disable=not terminal.isatty(),
        )

    def advance(self, note: str = "") -> None:
        """Count one step; `note` (a loss, an id) is shown beside the bar."""
        self._done += 1
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        self._bar.update()
        now = time.monotonic()
        if self._done == self.total or now - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = now
            rate = (self._done - self._first) / max(now - self._start, 1e-9)
            of_total = "" if self.total is None else f"/{self.total}"
            line = f"{self.description}: {self._done}{of_total}, {rate:.2f} {self.unit}/s"
            log.info("%s%s", line, f", {note}" if note else "")

    def close(self) -> None:
        """Finish the bar."""
        self._bar.close()


def progress(
    items: Iterable[Item], description: str, total: int | None = None, unit: str = "image"
) -> Iterator[Item]:
    """Yield `items`, showing how many of `total` (if known) are done."""
    counter = Progress(description, total, unit)
    try:
        for item in items:
            yield item
            counter.advance()
    finally:
        counter.close()
