"""JPEG files with a hole: Pillow decodes what it can and does not report the rest."""

import os
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

HOLE = bytes(512)  # what a failing disk or an interrupted copy leaves: at least a sector


def has_hole(path: str | Path) -> bool:
    """Whether a JPEG file has zeros in place of data.

    Zeros alone may be padding or a white wall, and libjpeg warns about many sound photographs. Only
    both together indicate a hole.
    """
    content = Path(path).read_bytes()
    return content.startswith(b"\xff\xd8") and HOLE in content and bool(_warnings(content))


def _warnings(content: bytes) -> bytes:
    """libjpeg's warnings about a JPEG, which it only writes to the standard error."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as told:
        os.dup2(told.fileno(), 2)
        try:
            cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
        told.seek(0)
        return told.read()
