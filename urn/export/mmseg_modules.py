"""What URN adds to mmsegmentation's registry, for configurations that import this module."""

from typing import Any

from mmseg.registry import MODELS
from torch import Tensor

from urn.backbones import Backbone, build_backbone
from urn.mmsegmentation import EncoderDecoder
from urn.segmentation.inference import resize, view_size


@MODELS.register_module(name="UrnBackbone")
def backbone(name: str, output_stride: int) -> Backbone:
    """A backbone that `urn.backbones.build_backbone` knows, from random weights."""
    return build_backbone(name, output_stride, pretrained=False)


@MODELS.register_module()
class ScaledEncoderDecoder(EncoderDecoder):
    """An `EncoderDecoder` that sees images at the scale it was trained at, as URN does.

    mmsegmentation resizes 8-bit pixels in its pipeline; URN resizes them after they are normalised.

    Args:
        scale: long and short side, see `urn.segmentation.inference.Views`.
        arguments: of `EncoderDecoder`.
    """

    def __init__(self, *, scale: tuple[int, int], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.scale = (scale[0], scale[1])

    def whole_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Logits of N×3×H×W normalised images, N×C×H×W."""
        height, width = inputs.shape[2:]
        seen = resize(inputs, view_size((height, width), self.scale))
        logits = self.decode_head(self.extract_feat(seen))
        return resize(resize(logits, seen.shape[2:]), (height, width))
