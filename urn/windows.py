"""Sliding windows: maps of large images, averaged where windows overlap."""

from collections.abc import Callable
from itertools import product

import torch
from torch import Tensor

# N×3×H×W normalised images to N×C×H×W maps, all on one device.
MapsOf = Callable[[Tensor], Tensor]


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
