"""PyTorch files of tensors and plain values from untrusted sources: no code in them is executed."""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

NAMED = 3  # tensors that a message names; the others are counted


class UnusableFileError(ValueError):
    """A file without usable tensors; the message continues a sentence that starts with the file."""


def read_tensors(path: str | Path) -> dict[str, Any]:
    """Read a dictionary that `torch.save` wrote, with PyTorch's loader of tensors and plain values.

    No code in the file is executed. In the current format tensors are memory-mapped: they take
    memory only when copied, so check them with `misfit` first.

    Raises:
        OSError: the file is missing or not readable.
        UnusableFileError: the file is of another kind.
    """
    with Path(path).open("rb") as file:
        beginning = file.read(512)
    packed = zipfile.is_zipfile(path)
    if packed:
        _check_archive(path)
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True, mmap=packed)
    except Exception as error:  # of any kind, for a foreign or malicious file
        if isinstance(error, UnpicklingError) and "GLOBAL" in str(error).upper():
            raise UnusableFileError(
                "holds more than tensors and plain values, which could be code to run"
            ) from None
        raise UnusableFileError(f"is not a checkpoint ({_kind(beginning)})") from None
    if not isinstance(stored, dict) or not all(isinstance(key, str) for key in stored):
        raise UnusableFileError("is not a checkpoint (it holds no tensors by name)")
    try:
        plain = all(map(_is_plain, _tensors(stored)))
    except RecursionError:
        plain = False
    if not plain:
        raise UnusableFileError("is not a checkpoint (it holds tensors of odd kinds)")
    return stored


def misfit(state: Any, network: nn.Module, counted: bool = True) -> str:
    """Why named tensors do not fit a network; "" if they do.

    Names, shapes and kinds of number are compared first, so that no tensor of a wrong size is read;
    then all values must be finite.

    Args:
        counted: whether to compare `num_batches_tracked`, too.
    """
    if not isinstance(state, Mapping):
        return "it holds no tensors by name"
    given = {name: value for name, value in state.items() if counted or not _is_count(name)}
    wanted = {
        name: value
        for name, value in network.state_dict().items()
        if counted or not _is_count(name)
    }
    missing = [f'"{name}"' for name in wanted if name not in given]
    unexpected = [f'"{name}"' for name in given if name not in wanted]
    sizes = [
        f"{name}: {_described(value)} where the network has {_described(wanted[name])}"
        for name, value in given.items()
        if name in wanted and not _alike(value, wanted[name])
    ]
    reasons = [
        f"{what} {_first(found)}"
        for what, found in (
            ("Missing key", missing),
            ("Unexpected key", unexpected),
            ("size mismatch for", sizes),
        )
        if found
    ]
    if not reasons:
        infinite = [n for n, value in given.items() if not (value.is_meta or _is_finite(value))]
        if infinite:
            reasons = [f"numbers that are not finite in {_first(infinite)}"]
    return "; ".join(reasons)


def _check_archive(path: str | Path) -> None:
    """Refuse a zip file whose parts are larger than the file or fail their checksum.

    PyTorch does not compare checksums when it maps a file.
    """
    damaged = "is not a checkpoint (it is damaged or cut short)"
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            packed = any(part.compress_type != zipfile.ZIP_STORED for part in parts)
            if packed or sum(part.file_size for part in parts) > Path(path).stat().st_size:
                raise UnusableFileError("is not a checkpoint (it would grow when it is unpacked)")
            whole = archive.testzip() is None
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError, EOFError) as error:
        if isinstance(error, UnusableFileError):
            raise
        raise UnusableFileError(damaged) from None
    if not whole:
        raise UnusableFileError(damaged)


def _kind(beginning: bytes) -> str:
    if not beginning:
        return "it is empty"
    if beginning.lstrip()[:1] == b"<":
        return "it is a web page"
    if beginning.startswith((b"PK", b"\x80")):
        return "it is damaged or cut short"
    return "it is text" if beginning.isascii() else "its content is of another kind"


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(item)


def _is_finite(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    )


def _is_count(name: Any) -> bool:
    return "num_batches_tracked" in str(name)


def _alike(value: Any, wanted: Tensor) -> bool:
    return (
        isinstance(value, Tensor)
        and value.shape == wanted.shape
        and value.is_floating_point() == wanted.is_floating_point()
        and value.is_complex() == wanted.is_complex()
    )


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return "no tensor"
    kind = str(value.dtype).removeprefix("torch.")
    return f"{'×'.join(map(str, value.shape)) or 'one'} {kind}"


def _first(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
