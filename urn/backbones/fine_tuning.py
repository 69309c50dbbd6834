"""A pretrained backbone with new layers on its maps, as classifier and affinity network have it."""

from collections.abc import Sequence
from typing import Any, Self

from mmengine.model import BaseModel
from torch import nn

from urn.backbones import Dilations, build_backbone


class FineTuned(BaseModel):
    """A backbone whose new layers learn faster.

    Args:
        backbone: name of a backbone.
        output_stride: stride of its last map.
        pretrained: start from ImageNet weights where the backbone has any.
        dilations: see `urn.backbones.build_backbone`.
        frozen_statistics: keep the batch statistics of a pretrained backbone in training.
        frozen_affine: keep the scale and shift of its batch norms.
        frozen_first_stage: keep its first convolution and stage.
    """

    def __init__(
        self,
        backbone: str,
        output_stride: int = 8,
        pretrained: bool = True,
        dilations: Dilations = "segmentation",
        frozen_statistics: bool = True,
        frozen_affine: bool = False,
        frozen_first_stage: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = build_backbone(backbone, output_stride, pretrained, dilations)
        self.backbone.frozen_statistics |= frozen_statistics
        self.backbone.freeze(frozen_affine, frozen_first_stage)

    @classmethod
    def from_meta(cls, meta: dict[str, Any]) -> Self:
        """The network that a model file's `meta` describes, its weights still to be loaded."""
        return cls(**meta["build"], pretrained=False)

    def new_layers(self) -> Sequence[nn.Conv2d]:
        """The layers that start from scratch."""
        raise NotImplementedError

    def parameter_groups(
        self, learning_rate: float, weight_decay: float, new_layers_factor: float = 10
    ) -> list[dict[str, Any]]:
        """SGD groups: new layers × `new_layers_factor`, biases ×2 and without weight decay.

        Frozen parameters are in none.
        """
        fresh = {id(p) for layer in self.new_layers() for p in layer.parameters()}
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            if not parameter.requires_grad:
                continue
            key = (id(parameter) in fresh, name.endswith(".bias"))
            groups.setdefault(key, []).append(parameter)
        return [
            {
                "params": parameters,
                "lr": learning_rate * (new_layers_factor if new else 1) * (2 if bias else 1),
                "weight_decay": 0.0 if bias else weight_decay,
            }
            for (new, bias), parameters in groups.items()
        ]
