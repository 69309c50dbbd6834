"""Any timm model that gives four feature maps of images of any size."""

from difflib import get_close_matches
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from urn.backbones.base import Backbone, Renormalization, StageMaps, load_exactly
from urn.errors import UserError

PREFIX = "timm:"


class TimmBackbone(Backbone):
    """The last four feature maps of a timm model, its parameter names timm's.

    Many convolutional networks trade stride for dilation; all others have the output stride they
    were made with. Models that refuse images of some sizes get them padded with the ImageNet mean.

    Args:
        name: timm's name of the model, such as `resnet50` or `resnet50.a1_in1k`.
        output_stride: stride of the last map.

    Raises:
        UserError: timm has no such model, or it cannot give such maps.
    """

    first_stage = ()

    def __init__(self, name: str, output_stride: int) -> None:
        super().__init__()
        import timm

        if not timm.is_model(name):
            close = get_close_matches(name, timm.list_models(), n=3)
            hint = f": did you mean {' or '.join(close)}?" if close else ""
            raise UserError(f"backbone {PREFIX + name!r}: timm has no model of this name{hint}")
        self.name = name
        options, self.multiple = _fitting(name, output_stride)
        self.network = _feature_network(name, options)
        self.reductions: list[int] = self.network.feature_info.reduction()
        fine, middle, coarse, last = self.network.feature_info.channels()
        self.channels = (fine, middle, coarse, last)
        published = self.network.model.pretrained_cfg
        self.renormalize = Renormalization(
            tuple(255 * value for value in published["mean"]),
            tuple(255 * value for value in published["std"]),
        )

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → the four feature maps."""
        height, width = images.shape[2:]
        padding = (0, -width % self.multiple, 0, -height % self.multiple)
        maps = self.network(self.renormalize(F.pad(images, padding)))
        if any(padding):
            maps = [
                padded[:, :, : -(-height // stride), : -(-width // stride)]
                for padded, stride in zip(maps, self.reductions, strict=True)
            ]
        fine, middle, coarse, last = maps
        return fine, middle, coarse, last

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load a timm checkpoint of this model; what lies behind the fourth map is left out."""
        import timm

        with torch.device("meta"):
            whole = timm.create_model(self.name, pretrained=False).state_dict()
        behind = whole.keys() - self.network.model.state_dict().keys()
        kept = {name: value for name, value in state.items() if name not in behind}
        load_exactly(self.network.model, kept)


def _fitting(name: str, output_stride: int) -> tuple[dict[str, Any], int]:
    """The model's arguments, and the number of which the sides of its images must be multiples.

    What a model takes shows when it is built and run; on the "meta" device that costs neither
    memory nor arithmetic.
    """
    what = f"backbone {PREFIX + name!r}"
    reason: Exception | None = None
    for options in (
        {"output_stride": output_stride},
        {"dynamic_img_size": True},  # transformers with position embeddings
        {"strict_img_size": False},  # ... and with windows
        {},
    ):
        try:
            with torch.device("meta"):
                network = _feature_network(name, options).eval()
            break
        except Exception as error:  # models refuse an argument in many ways
            reason = error
    else:
        raise UserError(f"{what} does not give four maps: {_line(reason)}")

    reductions = network.feature_info.reduction()
    stride = reductions[-1]
    if stride != output_stride:
        raise UserError(
            f"{what} has output stride {stride}, not {output_stride}: "
            f"set output_stride to {stride}, or choose another model"
        )
    for multiple in (1, max(reductions)):
        side = 4 * max(reductions) + multiple
        try:
            network(torch.empty(1, 3, side, side + 2 * multiple, device="meta"))
            return options, multiple
        except Exception as error:
            reason = error
    raise UserError(f"{what} does not take images of every size: {_line(reason)}")


def _feature_network(name: str, options: dict[str, Any]) -> Any:
    import timm

    return timm.create_model(
        name, pretrained=False, features_only=True, feature_cls="getter", out_indices=4, **options
    )


def _line(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
