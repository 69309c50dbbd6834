"""Pairs of pixels near each other on a grid."""

from torch import Tensor

Offset = tuple[int, int]


def offsets(radius: int) -> list[Offset]:
    """Steps (rows, columns) to every neighbour nearer than `radius`, one of each opposite two."""
    return [
        (rows, columns)
        for rows in range(radius)
        for columns in range(-radius + 1, radius)
        if (rows, columns) > (0, 0) and rows**2 + columns**2 < radius**2
    ]


def paired(maps: Tensor, offset: Offset) -> tuple[Tensor, Tensor]:
    """Two views of (..., h, w) maps: of the pixels with a partner at `offset`, and of those."""
    rows, columns = offset
    height, width = maps.shape[-2:]
    right, left = max(columns, 0), max(-columns, 0)
    return (
        maps[..., : max(height - rows, 0), left : max(width - right, left)],
        maps[..., rows:, right : max(width - left, right)],
    )
