"""What URN uses of mmsegmentation, imported without its warnings about optional parts."""

import warnings
from contextlib import redirect_stdout
from io import StringIO

with warnings.catch_warnings(), redirect_stdout(StringIO()):
    warnings.simplefilter("ignore")
    from mmseg.datasets.transforms import (
        PackSegInputs,
        PhotoMetricDistortion,
        RandomCrop,
        RandomFlip,
        Resize,
    )
    from mmseg.models import EncoderDecoder, SegDataPreProcessor
    from mmseg.models.backbones import ResNet
    from mmseg.models.decode_heads import FCNHead, PSPHead
    from mmseg.models.losses import accuracy

__all__ = [
    "EncoderDecoder",
    "FCNHead",
    "PSPHead",
    "PackSegInputs",
    "PhotoMetricDistortion",
    "RandomCrop",
    "RandomFlip",
    "ResNet",
    "Resize",
    "SegDataPreProcessor",
    "accuracy",
]
