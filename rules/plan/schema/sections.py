"""The sections that hold for all datasets, and that a dataset may have its own of.

A dataset gives any of their keys; those that it does not give are config.yaml's.
"""

from typing import Annotated, Any

from pydantic import Field

from rules.plan.schema.fields import (
    Backbone,
    Batch,
    Count,
    Counts,
    Fraction,
    NotNegative,
    OutputStride,
    Pair,
    Path,
    Positive,
    Precision,
    Pretrained,
    Refiner,
    ResponseScales,
    Scales,
    Section,
    Side,
)


def unset(description: str) -> Any:
    """A key that may be left out: its value is then that of config.yaml."""
    return Field(default=None, validate_default=False, description=description)


class FineTuning(Section):
    """A network with a backbone, trained on image tags or what is made of them."""

    backbone: Backbone = unset("the network, as in `runs`")
    pretrained: Pretrained = unset(
        "what the backbone starts from, where it has any (see `pretrained`), or `none`"
    )
    output_stride: OutputStride = unset("pixels of the image per pixel of the CAM: 8, 16 or 32")
    iterations: Count = unset("optimizer steps")
    batch_size: Batch = unset("images per update of the weights, all GPUs' together")
    images_per_step: Count | None = unset(
        "as many as fit a GPU, which then takes several steps for its share of the batch; "
        "null: all of its share at once"
    )
    learning_rate: Positive = unset(
        "of the backbone, for this batch size: change them in proportion"
    )
    new_layers_factor: Positive = unset(
        "new layers learn that much faster; 10 for trainings of many epochs"
    )
    frozen_statistics: bool = unset("keep the pretrained batch statistics: right for photographs")
    weight_decay: NotNegative = unset("none on biases")
    long_side: Counts = unset("range of the longer side of a training image, in pixels")
    crop: Side = unset("side of the training crops, in pixels")
    precision: Precision = unset(
        "or `bfloat16`, `float16`, where processor or GPU is faster with it"
    )
    channels_last: bool = unset("memory layout: faster on most processors and GPUs")
    gpus: Count = unset("processes that share a batch, each with a GPU where there are any")
    nodes: Count = unset("of a cluster, over which they are spread evenly")


class Classification(FineTuning):
    """Image tags to classifier and CAMs."""

    scales: Scales = unset("CAMs are summed over these sizes of the image, and flips")
    window: Side | None = unset(
        "side of the sliding windows the CAMs are averaged over; null: none"
    )
    stride: Count = unset("of the windows")


class MultiCrop(Section):
    """A second classifier, trained on crops."""

    enabled: bool = unset("whether pseudo-masks are made of the second classifier's CAMs")
    alpha: Positive = unset("of the rough masks' background")
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = unset(
        "only pixels whose class is more probable count"
    )
    least_share: Fraction = unset(
        "a crop keeps a class if it shows more than this share of the pixels that count "
        "for it, or if they are more than this share of the crop"
    )
    classification: Classification = unset(
        "what differs from `classification` for the second classifier"
    )


class Alpha(Section):
    """A refiner's own settings."""

    alpha: Positive = unset("background is (1 − CAM)^alpha: larger gives larger objects")


class ByRefiner(Section):
    """What differs for a refiner."""

    crf: Alpha = unset("for the refiner crf")
    ppmg: Alpha = unset("for the refiner ppmg")
    affinity: Alpha = unset("for the refiner affinity")


class PseudoMasks(Section):
    """CAMs to masks."""

    refiner: Refiner = unset("`ppmg`, `crf`, `affinity`, or `own`: another method's masks")
    folder: Path = unset("for `own`: holds `<image id>.png` for every train image")
    alpha: Positive = unset("background is (1 − CAM)^alpha: larger gives larger objects")
    cam_threshold: Annotated[float, Field(ge=0, lt=1)] = unset(
        "ppmg: CAM values below it count as nothing"
    )
    cv_scale: NotNegative = unset("ppmg: strength of the coefficient-of-variation smoothing")
    by_refiner: ByRefiner = unset("any refiner's own alpha and the like: `{crf: {alpha: 24}}`")
    alpha_sweep: Scales = unset("what `results/<dataset>/tables/alpha.tsv` tries")


class Affinity(FineTuning):
    """AffinityNet, for the refiner of that name."""

    alphas: Pair = unset(
        "the network learns from pixels on which the CRF agrees with either background"
    )
    radius: Annotated[int, Field(ge=2, le=32)] = unset(
        "pixels nearer than this are compared, on a grid of 1/8"
    )
    beta: Positive = unset("the walk goes by affinity^beta …")
    log_t: Annotated[int, Field(ge=0, le=16)] = unset("… for 2^log_t steps")
    crop: Annotated[int, Field(ge=32, multiple_of=8)] = unset("a multiple of 8")


class PretendedUnderfitting(Section):
    """Pixel losses are capped while their mean is small."""

    beta: Positive = unset("cap once the mean loss is below beta")
    k: Positive = unset("the cap of a pixel's loss")


class Training(Section):
    """A segmentation model."""

    pretrained: Pretrained = unset("as in `classification`")
    output_stride: OutputStride = unset("8 is the published one; 16 is faster")
    head_channels: Count = unset("of the PSP head; 512 is the published number")
    auxiliary_channels: Count = unset("of the FCN head beside it")
    iterations: Count = unset("optimizer steps")
    batch_size: Annotated[int, Field(ge=2, le=4096)] = unset(
        "images per update of the weights, all GPUs' together"
    )
    images_per_step: Annotated[int, Field(ge=2)] | None = unset(
        "as many as fit a GPU, which then takes several steps for its share of the batch; "
        "null: all of its share at once"
    )
    learning_rate: Positive = unset("at the start")
    min_learning_rate: NotNegative = unset("at the end of the polynomial schedule")
    new_layers_factor: Positive = unset(
        "the heads learn that much faster than the backbone; 10, with a tenth of the "
        "learning rate, for few photographs"
    )
    frozen_statistics: bool = unset("keep a pretrained backbone's batch statistics")
    weight_decay: NotNegative = unset("as in `classification`")
    resize: Counts = unset("largest long and short side of a training image, times …")
    ratios: Pair = unset("… a random number between these")
    crop: Side = unset("side of the training crops, in pixels")
    pretended_underfitting: PretendedUnderfitting = unset("for the supervisions that use it")
    precision: Precision = unset("or `bfloat16`, `float16`")
    channels_last: bool = unset("memory layout")
    evaluate_every: Annotated[int, Field(ge=0)] = unset(
        "iterations between evaluations on val, in `curve.tsv`; 0: none"
    )
    gpus: Count = unset("processes that share a batch, each with a GPU where there are any")
    nodes: Count = unset("of a cluster, over which they are spread evenly")


class Segmentation(Training):
    """Masks to a model."""

    by_backbone: dict[Backbone, Training] = unset(
        "any of these keys for one backbone: `{resnet18: {learning_rate: 0.02}}`"
    )


class Responses(Section):
    """A model's averaged softmax."""

    ratios: Scales = unset("sizes, times that which fits `segmentation.resize`; each also mirrored")
    window: Side = unset("side of the sliding window, in pixels")
    stride: Count = unset("its step")
    minimum: Annotated[float, Field(ge=0, le=0.5)] = unset(
        "classes that nowhere reach this probability are not kept"
    )


class Uncertainty(Section):
    """Response scaling."""

    scales: ResponseScales = unset(
        "exponents of a class's response: below 1 wider, above 1 narrower"
    )


SECTIONS: dict[str, type[Section]] = {
    "classification": Classification,
    "multi_crop": MultiCrop,
    "pseudo_masks": PseudoMasks,
    "affinity": Affinity,
    "segmentation": Segmentation,
    "responses": Responses,
    "uncertainty": Uncertainty,
}
