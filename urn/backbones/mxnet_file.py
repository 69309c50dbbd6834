"""Reading mxnet's `.params` files: named arrays, without mxnet.

A file is a list: its mark, the arrays, their names. How an array's shape is written changed twice;
the ImageNet weights of ResNet-38 are of 2016, before the first change. All numbers little-endian.
"""

import math
import os
import struct
from pathlib import Path
from typing import IO

import numpy as np

from urn.errors import UserError

LIST_MARK = 0x112
SHAPE_OF_64_BITS = 0xF993FAC8
WITH_STORAGE_KIND = (0xF993FAC9, 0xF993FACA)
DENSE = 0
MOST_DIMENSIONS = 8
TYPES = ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8")  # by mxnet's number of the type


def read_mxnet_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a `.params` file by name ("arg:" and "aux:" prefixes included).

    Raises:
        UserError: the file is missing, cut short or no such file, or holds sparse arrays.
    """
    try:
        with Path(path).open("rb") as file:
            mark, _, count = _numbers(file, "QQQ")
            if mark != LIST_MARK:
                raise ValueError("it does not begin as one")
            arrays = [_array(file) for _ in range(count)]
            if _numbers(file, "Q") != (count,):
                raise ValueError("it has not as many names as arrays")
            names = [_bytes(file, *_numbers(file, "Q")).decode() for _ in range(count)]
            return dict(zip(names, arrays, strict=True))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): put the file there") from None
    except (ValueError, IndexError) as error:
        raise UserError(f"{path} is no file of mxnet arrays ({error}): fetch it again") from None


def _array(file: IO[bytes]) -> np.ndarray:
    (mark,) = _numbers(file, "I")
    if mark in WITH_STORAGE_KIND and _numbers(file, "i") != (DENSE,):
        raise ValueError("an array is sparse")
    if mark == SHAPE_OF_64_BITS or mark in WITH_STORAGE_KIND:
        shape = _numbers(file, f"{_dimensions(*_numbers(file, 'I'))}q")
    else:  # the oldest kind has no mark, but begins with the number of dimensions
        shape = _numbers(file, f"{_dimensions(mark)}I")
    if not shape:
        return np.empty(0, np.float32)
    if min(shape) < 0:
        raise ValueError("an array has a negative size")
    _, _, kind = _numbers(file, "iii")  # device, its number, type
    data_type = np.dtype(TYPES[kind])
    content = _bytes(file, math.prod(shape) * data_type.itemsize)
    return np.frombuffer(content, data_type).reshape(shape)


def _dimensions(count: int) -> int:
    if count > MOST_DIMENSIONS:
        raise ValueError(f"an array has {count} dimensions")
    return count


def _numbers(file: IO[bytes], layout: str) -> tuple[int, ...]:
    return struct.unpack(f"<{layout}", _bytes(file, struct.calcsize(f"<{layout}")))


def _bytes(file: IO[bytes], count: int) -> bytes:
    if count > os.fstat(file.fileno()).st_size - file.tell():
        raise ValueError("it is cut short")
    return file.read(count)
