"""Layers whose arithmetic depends on the size of their maps, in forms that export for every size.

An exporter writes down the operations of a network for a height and a width that it does not know.
Some layers choose by them between operations, or have them in the shapes of their kernels; here the
same values are computed without.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from timm.layers import Conv2dSame
from torch import Tensor, nn

from urn.backbones.scalenet import Enlarge


class BinMeans(nn.Module):
    """`nn.AdaptiveAvgPool2d` as two products with matrices, which have a row for every bin."""

    def __init__(self, pool: nn.AdaptiveAvgPool2d) -> None:
        super().__init__()
        size: Any = pool.output_size
        rows, columns = (size, size) if isinstance(size, int) else size
        self.rows: int = rows
        self.columns: int = columns

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×C×rows×columns."""
        height, width = x.shape[2:]
        return _bins(self.rows, height, x) @ x @ _bins(self.columns, width, x).T


def _bins(count: int, length: int, like: Tensor) -> Tensor:
    """count×length: row i averages from ⌊i·length/count⌋ up to ⌈(i+1)·length/count⌉."""
    numbers = torch.arange(count, device=like.device)[:, None]
    places = torch.arange(length, device=like.device)[None]
    first = numbers * length // count
    end = ((numbers + 1) * length + count - 1) // count
    return ((places >= first) & (places < end)).to(like.dtype) / (end - first)


class SameConvolution(nn.Module):
    """timm's `Conv2dSame`: as many output pixels as the input has, divided by the stride.

    It needs no maximum, as its kernel reaches at least as far as its stride.
    """

    def __init__(self, convolution: Conv2dSame) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → N×D×⌈H/stride⌉×⌈W/stride⌉."""
        own = self.convolution
        padding = []
        for axis in (1, 0):  # F.pad begins with the last
            kernel = own.dilation[axis] * (own.kernel_size[axis] - 1) + 1
            stride = own.stride[axis]
            total = kernel - stride + -x.shape[2 + axis] % stride
            padding += [total // 2, total - total // 2]
        return F.conv2d(
            F.pad(x, padding), own.weight, own.bias, own.stride, 0, own.dilation, own.groups
        )


class EitherEnlarge(nn.Module):
    """ScaleNet's `Enlarge`, which is nearest or bilinear, by a choice among values of both."""

    def __init__(self, enlarge: Enlarge) -> None:
        super().__init__()

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """N×C×h×w → N×C×H×W, the size of `like`."""
        size, own = like.shape[2:], x.shape[2:]
        rest = torch.stack([torch.scalar_tensor(n % m) for n, m in zip(size, own, strict=True)])
        nearest = F.interpolate(x, size, mode="nearest")
        bilinear = F.interpolate(x, size, mode="bilinear", align_corners=False)
        return torch.where((rest == 0).all(), nearest, bilinear)


FORMS: dict[type[nn.Module], Callable[..., nn.Module]] = {
    nn.AdaptiveAvgPool2d: BinMeans,
    Conv2dSame: SameConvolution,
    Enlarge: EitherEnlarge,
}


def for_any_size(network: nn.Module) -> nn.Module:
    """Put the forms above in the places of a network's layers, and return it."""
    for name, child in network.named_children():
        form = FORMS.get(type(child))
        if form is None:
            for_any_size(child)
        else:
            setattr(network, name, form(child))
    return network
