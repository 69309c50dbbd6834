"""JPEG files with a hole: Pillow decodes what it can and says nothing of the rest."""

import os
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

HOLE = bytes(512)  # what a failing disk or an interrupted copy leaves, a sector at least


def has_hole(path: str | Path) -> bool:
    """Whether zeros stand where a JPEG file's data should.

    Zeros alone may be padding, or a white wall; and many sound photographs are written so that
    libjpeg warns of them. Only both together tell.
    """
    content = Path(path).read_bytes()
    return content.startswith(b"\xff\xd8") and HOLE in content and bool(_warnings(content))


def _warnings(content: bytes) -> bytes:
    """What libjpeg says of a JPEG's data, which it does on the standard error only."""
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
