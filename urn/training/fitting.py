"""How many images of a batch a process can take through the network at once."""

import logging
from collections.abc import Callable
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModel
from torch.nn.modules.batchnorm import _BatchNorm

from urn.errors import UserError
from urn.training.precision import PrecisionOptimWrapper

log = logging.getLogger(__name__)


def images_that_fit(
    model: BaseModel, batch_of: Callable[[int], Any], share: int, least: int, precision: str
) -> int:
    """The largest divisor of a process's share of a batch for which all processes have the memory.

    Each number, from the whole share down, is tried by a pass of every process by itself; then all
    agree. A process that runs out of memory while the others wait for it would stop them forever.
    The model is left as it was, in training mode.

    Args:
        model: on its device.
        batch_of: makes a batch, as `model.train_step` takes it, of a number of images.
        share: images of a batch that each process has.
        least: fewer images are not tried, unless the share is smaller.
        precision: as `PrecisionOptimWrapper` takes it.

    Raises:
        UserError: there is not enough memory for the least number either.
    """
    divisors = [n for n in range(share, 0, -1) if share % n == 0 and n >= min(least, share)]
    for images in divisors:
        fits = torch.tensor(int(_fits(model, batch_of(images), precision)))
        all_reduce(fits, "min")
        torch.cuda.empty_cache()  # a larger trial's blocks are of no use to smaller ones
        if fits:
            return images
        log.info("%d images at once need more memory than there is", images)
    raise UserError(
        f"training needs more memory than there is, even with {divisors[-1]} image(s) at once: "
        "lower the crop, or choose the precision bfloat16"
    )


def _fits(model: BaseModel, batch: Any, precision: str) -> bool:
    """Whether memory suffices for one pass, with the gradients of others and the momenta at hand.

    Batch norms are in evaluation mode: it takes as much memory, but no other process, and leaves
    the statistics alone.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    sgd = torch.optim.SGD(parameters, lr=0.0)
    first_of_two = PrecisionOptimWrapper(precision, optimizer=sgd, accumulative_counts=2)
    model.train()
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
    try:
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
            sgd.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        model.train_step(batch, first_of_two)  # which updates nothing
    except torch.OutOfMemoryError:
        return False
    finally:
        first_of_two.zero_grad()
        model.train()
    return True
