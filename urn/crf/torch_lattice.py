"""The permutohedral lattice of `urn.crf.lattice` as tensors, on any device.

Vertices and weights are the same, as every rounded operation is done in the same order. Hence no
`cumsum` of floats, and no division by a Python number, which CUDA turns into a multiplication.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Lattice(NamedTuple):
    """Where N points in d dimensions lie among V vertices.

    Attributes:
        corners: (N, d + 1) int64, the vertices around each point.
        weights: (N, d + 1) float32, the point's barycentric coordinates, which sum to one.
        order: N·(d + 1) int64, positions in the flattened `corners`, sorted by vertex and then by
            point.
        starts: V int64, where each vertex begins in `order`.
        neighbours: (V, 3) int64 per axis: each vertex, the one before and the one after, with the
            vertex itself in place of a missing one.
        exists: (V, 2) bool per axis: whether there is a vertex before, and one after.
    """

    corners: Tensor
    weights: Tensor
    order: Tensor
    starts: Tensor
    neighbours: list[Tensor]
    exists: list[Tensor]


def spatial_features(height: int, width: int, sxy: float, device: torch.device) -> Tensor:
    """(H·W, 2) float32: x and y in units of `sxy` pixels, row by row."""
    y, x = (torch.arange(n, dtype=torch.float32, device=device) for n in (height, width))
    return torch.cartesian_prod(y, x).flip(1) / torch.tensor(sxy, device=device)


def bilateral_features(image: np.ndarray, sxy: float, srgb: float, device: torch.device) -> Tensor:
    """(H·W, 5) float32: x and y in units of `sxy` pixels, colours in units of `srgb`."""
    colours = torch.tensor(image, device=device).reshape(-1, 3).float()
    places = spatial_features(image.shape[0], image.shape[1], sxy, device)
    return torch.hstack([places, colours / torch.tensor(srgb, device=device)])


def build_lattice(features: Tensor) -> Lattice:
    """The lattice around (N, d) float32 features, which are not negative.

    The standard deviation of the filter is 1 in every feature.

    Raises:
        ValueError: the features span too far to number the vertices: more than about 10^18 in
            their bounding box.
    """
    keys, weights, steps = _embed(features)
    keys, order = keys.flatten().sort(stable=True)
    names, vertices, counts = torch.unique_consecutive(
        keys, return_inverse=True, return_counts=True
    )
    corners = torch.empty_like(order).scatter_(0, order, vertices).reshape(weights.shape)
    neighbours, exists = [], []
    own = torch.arange(len(names), device=keys.device)[:, None]
    for step in steps:
        wanted = torch.stack([names - step, names + step], 1)
        places = torch.searchsorted(names, wanted).clamp_(max=len(names) - 1)
        exists.append(names[places] == wanted)
        neighbours.append(torch.hstack([own, torch.where(exists[-1], places, own)]))
    return Lattice(corners, weights, order, counts.cumsum(0) - counts, neighbours, exists)


def _embed(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The names (N, d + 1) and weights of all points' corners, and a step along each axis.

    A vertex is named by one integer: its coordinates as digits, with room for its neighbours.
    """
    dimensions, device = features.shape[1], features.device
    corners = dimensions + 1
    i = np.arange(dimensions)
    spread = np.float32(np.sqrt(2 / 3) * corners)
    scale = (1 / np.sqrt((i + 1) * (i + 2)) * spread).astype(np.float32)
    reach = features.amax(0).cpu().numpy() * scale
    lowest = np.floor(-i * np.concatenate([[0], reach[:-1]])) - 3 * corners
    sizes = np.ceil(np.cumsum(reach[::-1])[::-1]) + 3 * corners - lowest + 1
    if sizes.prod() > 2.0**62:
        raise ValueError(f"kernel widths are too small: features reach {reach / scale}")
    strides = np.concatenate([[1], np.cumprod(sizes)[:-1]]).astype(np.int64)
    steps = torch.tensor(strides.sum() - corners * np.append(strides, 0), device=device)

    # Onto the hyperplane in which coordinates sum to zero.
    scaled = features * torch.tensor(scale, device=device)
    total = torch.zeros_like(scaled[:, 0])
    columns = []
    for j in range(dimensions, 0, -1):
        columns.append(total - j * scaled[:, j - 1])
        total = total + scaled[:, j - 1]
    elevated = torch.stack([total, *columns[::-1]], 1)

    # The nearest vertex whose coordinates are multiples of d + 1; the order of the distances from
    # it identifies the simplex.
    down = float(np.float32(1) / np.float32(corners))
    whole = torch.round(elevated * down)
    base = whole * corners
    rest = elevated - base
    nearer = rest[:, :, None] < rest[:, None, :]
    rank = nearer.triu(1).sum(2) + (~nearer).triu(1).sum(1) + whole.sum(1, keepdim=True).long()
    wrap = (rank < 0).long() - (rank > dimensions).long()
    rank += corners * wrap
    base += corners * wrap

    # From corner to corner, one step along every axis, in descending order of rank.
    turn = dimensions - rank
    offsets = torch.empty_like(rest).scatter_(1, turn, (elevated - base) * down)
    weights = offsets - offsets.roll(1, 1)
    weights[:, 0] = offsets[:, 0] + (1 - offsets[:, -1])
    walk = torch.empty_like(turn).scatter_(1, turn, steps.expand_as(turn))
    digits = base[:, :-1].long() - torch.tensor(lowest.astype(np.int64), device=device)
    origin = (digits * torch.tensor(strides, device=device)).sum(1, keepdim=True)
    return origin + walk.cumsum(1) - walk, weights, steps
