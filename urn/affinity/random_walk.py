"""CAMs spread by a random walk between cells of like class: the refiner `affinity`."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from urn.affinity.losses import distances
from urn.affinity.network import AffinityNet
from urn.affinity.pairs import offsets, paired
from urn.backbones.inputs import normalised


def transition_matrix(features: Tensor, radius: int, beta: float) -> Tensor:
    """The sparse M×M matrix of the walk over the M = h·w cells of D×h×w features.

    Its entries are affinity^beta = exp(−beta·d) between cells nearer than `radius`, 1 between a
    cell and itself, divided by the sum of their row.
    """
    numbers = torch.arange(features[0].numel(), device=features.device)
    ends, weights = [torch.stack([numbers, numbers])], [torch.ones_like(numbers, dtype=torch.float)]
    for offset in offsets(radius):
        one, other = (view.flatten() for view in paired(numbers.view_as(features[0]), offset))
        affinity = torch.exp(-beta * distances(features, offset)).flatten()
        ends += [torch.stack([one, other]), torch.stack([other, one])]
        weights += [affinity, affinity]
    places, values = torch.cat(ends, dim=1), torch.cat(weights)
    sums = torch.zeros(len(numbers), device=features.device).index_add_(0, places[0], values)
    matrix = torch.sparse_coo_tensor(
        places, values / sums[places[0]], (len(numbers), len(numbers)), check_invariants=False
    )
    return matrix.coalesce().to_sparse_csr()  # rows together: products are many times faster


def random_walk(maps: Tensor, matrix: Tensor, steps: int) -> Tensor:
    """K×h×w maps after `steps` multiplications with the transition matrix of their cells.

    The matrix is never squared: it would fill up, and its sparse products with few maps cost less.
    """
    spread = maps.flatten(1).T.contiguous()
    for _ in range(steps):
        spread = torch.sparse.mm(matrix, spread)
    return spread.T.reshape(maps.shape)


@torch.inference_mode()
def spread_maps(
    image: np.ndarray, maps: np.ndarray, network: AffinityNet, beta: float, log_t: int
) -> Tensor:
    """Maps after 2^log_t steps of the walk, each for itself.

    Args:
        image: H×W×3 uint8 RGB.
        maps: K×H×W float32.
        network: trained, in evaluation mode.
        beta: exponent of the affinities.
        log_t: logarithm of the number of steps.

    Returns:
        K×h×w over the cells of the network's features, on its device.
    """
    device = next(network.parameters()).device
    values = normalised(Image.fromarray(image))[None].to(device)
    features = network.features(values)[0]
    _, height, width = features.shape
    cells = F.adaptive_avg_pool2d(torch.from_numpy(maps).to(device), (height, width))
    return random_walk(cells, transition_matrix(features, network.radius, beta), 2**log_t)


@torch.inference_mode()
def enlarged(maps: Tensor, size: tuple[int, ...]) -> np.ndarray:
    """The most probable of K×h×w maps at every pixel of an image of that size, H×W.

    Ties go to the first.
    """
    full = F.interpolate(maps[None], size, mode="bilinear", align_corners=False)
    return full[0].argmax(0).cpu().numpy()
