"""Windows of large images: sliding ones, and the grid of multi-crop training and inference."""

from collections.abc import Callable
from itertools import pairwise, product
from math import ceil

import torch
from torch import Tensor

# N×3×H×W normalised images to N×C×H×W maps, all on one device.
MapsOf = Callable[[Tensor], Tensor]

# The rows and columns of an image that a window shows.
Window = tuple[slice, slice]


def slide(maps_of: MapsOf, views: Tensor, window: int, stride: int, batch_size: int = 4) -> Tensor:
    """N×C×H×W maps of N×3×H×W views of an image, averaged over the windows that cover each pixel.

    Args:
        maps_of: computes the maps of a batch of windows.
        window: side of the windows; a shorter side of the views is taken whole.
        stride: step between windows, at most their side; the last of a row or column is moved back
            inside the view.
        batch_size: windows, each of all N views, that are computed together.
    """
    height, width = views.shape[2:]
    tall, wide = min(window, height), min(window, width)
    corners = product(_starts(height, tall, stride), _starts(width, wide, stride))
    places = [(slice(y, y + tall), slice(x, x + wide)) for y, x in corners]
    seen = views.new_zeros(height, width)
    total: Tensor | None = None
    for first in range(0, len(places), batch_size):
        batch = places[first : first + batch_size]
        found = maps_of(torch.cat([views[:, :, rows, columns] for rows, columns in batch]))
        if total is None:
            total = found.new_zeros(len(views), found.shape[1], height, width)
        for (rows, columns), part in zip(batch, found.split(len(views)), strict=True):
            total[:, :, rows, columns] += part
            seen[rows, columns] += 1
    assert total is not None  # there is at least one window
    return total / seen


def _starts(length: int, window: int, stride: int) -> list[int]:
    """Where windows start, so that they cover every pixel and none reaches beyond the end."""
    return [*range(0, length - window, stride), length - window]


def zoomed_windows(size: tuple[int, int], scale: float, window: int, stride: int) -> list[Window]:
    """The grid of windows on an image at one scale, in pixels of the image itself (PMM).

    A side of `length` pixels, enlarged by `scale`, has 1 + ⌈(side − window) / stride⌉ windows.
    Window i reaches from stride·i to stride·(i + 1), but the last one covers the last `window`
    pixels. Together they cover every pixel. They are of different sizes: whoever takes them from
    the image brings them to one, and so to somewhat different scales.

    Args:
        size: height and width of the image.
        window: side of the last windows, in pixels of the enlarged image.
        stride: side of all others.
    """
    rows, columns = (_spans(length, scale, window, stride) for length in size)
    return list(product(rows, columns))


def _spans(length: int, scale: float, window: int, stride: int) -> list[slice]:
    side = int(length * scale)
    count = 1 + ceil(max(0, side - window) / stride)
    starts = [int(stride * i / scale) for i in range(count)]
    inner = [slice(one, max(one + 1, next_one)) for one, next_one in pairwise(starts)]
    return [*inner, slice(int(max(0, side - window) / scale), length)]
