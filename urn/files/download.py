"""Fetch a file over HTTP from the first of its addresses that works."""

import hashlib
import http.client
import logging
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from urn.errors import UserError
from urn.progress import Progress

log = logging.getLogger(__name__)

CHUNK = 1 << 20  # bytes
NO_SUCH_RANGE = 416


class _WrongContentError(Exception):
    """The file arrived whole but is the wrong one."""


@dataclass(frozen=True)
class _Checksum:
    """A digest, or its first digits, that a file must have."""

    kind: str
    digest: str

    def fits(self, path: Path) -> bool:
        with path.open("rb") as file:
            return hashlib.file_digest(file, self.kind).hexdigest().startswith(self.digest.lower())


def require_checksum(
    path: str | Path, *, sha256: str | None = None, md5: str | None = None
) -> None:
    """Check a file that the user provided against its digest, if there is one; see `download`.

    Raises:
        UserError: the file has another digest.
    """
    checksum = _checksum(sha256, md5)
    if checksum is not None and not checksum.fits(Path(path)):
        raise UserError(
            f"{path} is not the expected file (its {checksum.kind} differs): delete or replace it"
        )


def _checksum(sha256: str | None, md5: str | None) -> "_Checksum | None":
    return _Checksum("sha256", sha256) if sha256 else _Checksum("md5", md5) if md5 else None


def download(
    urls: Sequence[str],
    path: str | Path,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    page: str | None = None,
    check: Callable[[Path], object] | None = None,
    attempts: int = 4,
    timeout: float = 60.0,
    pause: float = 2.0,
) -> None:
    """Download a file to `path`, unless the right file is already there.

    A partial download is kept beside `path` (with `.part` appended) and resumed, also by a later
    call or from another address. `path` itself only appears whole and verified.

    Args:
        urls: addresses of the same file, or of files that serve alike, in the order to try.
        sha256: hexadecimal digest that the file must have, or its beginning.
        md5: the same, for files published with no other digest. Without either, any file that
            arrives whole is accepted, but for addresses that end in a digest: torch's publishers
            name their files <name>-<first digits of sha256>.pth.
        check: called with what has arrived whole; if it raises a UserError, the file is a wrong
            one, and the next address is tried.
        page: where a person finds the file, for the message.
        attempts: per address; an attempt that made progress does not count.
        timeout: seconds without a byte after which an attempt ends.
        pause: seconds before the second attempt; doubled before every further one.

    Raises:
        UserError: no address worked; the message says why, and where to put the file by hand.
    """
    path = Path(path)
    checksum = _checksum(sha256, md5)
    if path.exists():
        require_checksum(path, sha256=sha256, md5=md5)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    reasons = []
    for url in urls:
        try:
            right = partial(_require_right, checksum=checksum or _named_digest(url), check=check)
            _fetch_patiently(url, part, right, attempts, timeout, pause)
        except (OSError, http.client.HTTPException, _WrongContentError) as error:
            reasons.append(f"{url} ({_reason(error)})")
            log.warning("%s: %s", url, _reason(error))
        else:
            os.replace(part, path)
            return
    why = f"could not be downloaded from {' or '.join(reasons)}" if urls else "has no address"
    where = f" from {page}" if page else ""
    what = f" ({checksum.kind} {checksum.digest})" if checksum else ""
    raise UserError(f"{path.name} {why}: fetch it by hand{where} and put it at {path}{what}")


def _fetch_patiently(
    url: str,
    part: Path,
    require_right: Callable[[Path], None],
    attempts: int,
    timeout: float,
    pause: float,
) -> None:
    """Complete and verify `part`, trying again as long as it grows."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _fetch(url, part, timeout)
            require_right(part)
            return
        except (OSError, http.client.HTTPException, _WrongContentError) as error:
            # The part begun at another address may have been the wrong one.
            resumed = isinstance(error, _WrongContentError) and before > 0
            failures = 0 if resumed or _size(part) > before else failures + 1
            if failures >= attempts or (isinstance(error, _WrongContentError) and not resumed):
                raise
            if isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500:
                raise
            log.info("%s: %s, trying again", url, _reason(error))
            time.sleep(pause * 2**failures / 2)


def _require_right(
    part: Path, checksum: "_Checksum | None", check: Callable[[Path], object] | None
) -> None:
    """Remove what has arrived if it is the wrong file: no part of it can be trusted.

    Raises:
        _WrongContentError: it is.
    """
    try:
        if checksum is not None and not checksum.fits(part):
            raise UserError(f"the file that came has another {checksum.kind}")
        if check is not None:
            check(part)
    except UserError as error:
        part.unlink()
        raise _WrongContentError(str(error)) from None


def _named_digest(url: str) -> "_Checksum | None":
    match = re.search(r"-([0-9a-f]{8,64})\.pth$", url)
    return _Checksum("sha256", match[1]) if match else None


def _fetch(url: str, part: Path, timeout: float) -> None:
    """Append the missing rest of the file to `part`."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == NO_SUCH_RANGE and have:
            return  # complete or wrong: the digest decides
        raise
    with response:
        resumes = response.status == http.HTTPStatus.PARTIAL_CONTENT
        have = have if resumes else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None else 0
        progress = Progress(part.stem, -(-total // CHUNK), "MiB", have // CHUNK)
        with part.open("ab" if resumes else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                progress.advance()
        progress.close()
    if total and _size(part) < total:
        raise http.client.IncompleteRead(b"", total - _size(part))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended early"
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        return str(error.reason)
    return str(error) or type(error).__name__
