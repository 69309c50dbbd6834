"""Writing files whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from urn.errors import UserError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` (same suffix); rename it to `path` on success.

    A reader of `path` sees the old file or the complete new one, never a part of it. On an
    exception the temporary file is removed and `path` is unchanged. The next writer removes what a
    killed process left behind. If two processes write at once, as when a run is killed and started
    again while its job still works, the later one wins.

    Raises:
        UserError: another process has begun to write the same file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    temporary.unlink(missing_ok=True)
    # Held open, so that no other file gets its inode number while this process lives.
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o666)

    def is_own() -> bool:
        try:
            return os.path.samestat(temporary.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    try:
        yield temporary
        if not is_own():
            raise UserError(f"{path} is being written by another process: this one gives up")
        os.replace(temporary, path)
    finally:
        if is_own():
            temporary.unlink()
        os.close(descriptor)
