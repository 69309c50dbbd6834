"""The sections of the configuration that may also stand inside a dataset.

A key that a dataset leaves out is that of the section, and config.yaml has all of those.
"""

from rules.plan.schema.values import (
    Alpha,
    Backbone,
    CompetingClasses,
    Count,
    Dilations,
    Factors,
    Fraction,
    Images,
    ImagesOfHead,
    Iterations,
    Model,
    Momentum,
    NotNegative,
    OutputStride,
    Path,
    PcmInitialisation,
    PixelRange,
    PlannedSide,
    PlannedSideOfGrid,
    Positive,
    Precision,
    Pretrained,
    Processes,
    Range,
    Refiner,
    ResponseLabels,
    ResponseScales,
    Share,
    Side,
    key,
)

IMAGES_PER_STEP = (
    "images that a GPU takes at once, in several steps for its share of the batch; `auto`: as many "
    "as it has the memory for; null: all of its share"
)


class Training(Model):
    """What all trainings have."""

    pretrained: Pretrained = key(
        "what the backbone starts from, where it has any (see `pretrained`), or `none`"
    )
    output_stride: OutputStride = key(
        "pixels of the image per pixel of the network's output; the published models have 8"
    )
    iterations: Iterations = key(
        "optimizer steps; `auto`: enough for a few hundred images, or 8 passes over the images "
        "(segmentation: 10), times ½ or 2 as `budget` says"
    )
    batch_size: int = key("images per update of the weights, all GPUs' together", ge=1, le=4096)
    images_per_step: Images | None = key(IMAGES_PER_STEP)
    learning_rate: Positive = key("of the backbone, for this batch size: change them in proportion")
    new_layers_factor: Positive = key(
        "new layers learn that much faster; 10 for trainings of many epochs"
    )
    warm_up: Share = key("share of the iterations in which the learning rate rises to its value")
    largest_gradient: Positive | None = key(
        "norm to which larger gradients, all weights' together, are shrunk; null: they are not"
    )
    weight_average: Share = key(
        "the model's weights are a moving average over about this share of the iterations; 0: "
        "the last ones"
    )
    frozen_statistics: bool = key("keep the pretrained batch statistics: right for photographs")
    weight_decay: NotNegative = key("none on biases")
    crop: PlannedSide = key(
        "side of the training crops, in pixels; `auto`: 0.625 times the plan's `network_size`, a "
        "multiple of 32"
    )
    precision: Precision = key("faster below `float32`, where the processor or GPU has it")
    channels_last: bool = key("memory layout: faster on most processors and GPUs")
    gpus: Processes = key(
        "processes that share a batch, each with a GPU where there are any; `auto`: as many as "
        "there are GPUs, as far as the batch divides"
    )
    nodes: Count = key("of a cluster, over which they are spread evenly")


class FineTuning(Training):
    """What the trainings that start from a backbone of their own choice have."""

    backbone: Backbone = key("the network, as in `runs`")
    dilations: Dilations = key(
        "of stages that lose their stride to `output_stride`: `segmentation`, dilated instead, or "
        "`classifier`, not (ResNet-38: 2 instead of 4 in the last block), as published"
    )
    momentum: Momentum = key("of SGD; the published trainings have 0.0005, practically none")
    frozen_affine: bool = key("keep the pretrained batch norms' scale and shift, too, as published")
    frozen_first_stage: bool = key(
        "keep the pretrained first convolution and stage, as published; not for timm's models"
    )
    long_side: PixelRange = key(
        "range of the longer side of a training image, in pixels; `auto`: from 0.625 times the "
        "plan's `network_size` to all of it"
    )


class Classification(FineTuning):
    """Image tags to classifier and CAMs."""

    scales: Factors = key(
        "CAMs are summed over these sizes of the image, times `cam_size`, and flips"
    )
    cam_size: PlannedSide | None = key(
        "longer side of an image at scale 1, in pixels; `auto`: the plan's `network_size`; null: "
        "the one that the image is worked on with, as published"
    )
    window: int | None = key(
        "side of the windows the CAMs are averaged over, and on which a second classifier is "
        "trained in place of `long_side`; null: none",
        ge=32,
    )
    stride: Count = key("of the windows, and the side of all but the last of a row or column")
    dropout: Share = key(
        "share of the channels dropped before the head; published: 0.5 with resnet38, else 0"
    )
    competing_classes: CompetingClasses = key(
        "in the CAM that enters the pixel correlation module: `tagged`, or `all`, as published"
    )
    pcm_initialisation: PcmInitialisation = key(
        "of that module: `xavier`, or `published` (Kaiming and, at the end, Xavier with gain 4)"
    )


class MultiCrop(Model):
    """A second classifier, trained on crops."""

    enabled: bool = key("whether pseudo-masks are made of the second classifier's CAMs")
    alpha: Positive = key("of the rough masks' background")
    confidence: float = key("only pixels whose class is more probable count", ge=0.5, lt=1)
    least_share: Fraction = key(
        "a crop keeps a class if it shows more than this share of the pixels that count for it, "
        "or if they are more than this share of the crop"
    )
    classification: Classification = key(
        "what differs from `classification` for the second classifier"
    )


class OfRefiner(Model):
    """Settings of pseudo-masks for one refiner."""

    alpha: Alpha = key("in place of the section's")


class ByRefiner(Model):
    """The same by refiner."""

    crf: OfRefiner = key("for the refiner `crf`")
    ppmg: OfRefiner = key("for the refiner `ppmg`")
    affinity: OfRefiner = key("for the refiner `affinity`")


class PseudoMasks(Model):
    """CAMs to pseudo-masks."""

    refiner: Refiner = key("what makes masks of CAMs; `own`: they are another method's masks")
    folder: Path = key("for `own`: holds `<image id>.png` for every train image")
    alpha: Alpha = key(
        "background is (1 − CAM)^alpha: larger gives larger objects; `auto`: for each dataset, "
        "class and image that of `alphas` whose masks follow the images best"
    )
    cam_threshold: float = key("ppmg: CAM values below it count as nothing", ge=0, lt=1)
    cv_scale: NotNegative = key("ppmg: strength of the coefficient-of-variation smoothing")
    by_refiner: ByRefiner = key("a refiner's own alpha: `{crf: {alpha: 24}}`")
    alphas: Factors = key(
        "what `auto` chooses from, ascending, and `results/<dataset>/tables/alpha.tsv` tries"
    )
    alpha_steps: int = key(
        "`auto`: how many places of that list a class in an image may be from the dataset's; 0: "
        "the same for all",
        ge=0,
    )


class Affinity(FineTuning):
    """AffinityNet: which pixels share a class."""

    crop: PlannedSideOfGrid = key(
        "side of the training crops, in pixels, a multiple of 8; `auto`: about 0.625 times the "
        "plan's `network_size`"
    )
    alphas: Range = key(
        "the network learns from pixels on which the CRF agrees with either background"
    )
    radius: int = key("pixels nearer than this are compared, on a grid of 1/8", ge=2, le=32)
    beta: Positive = key("the walk goes by affinity^beta …")
    log_t: int = key("… for 2^log_t steps: fewer for a network of few iterations", ge=0, le=16)


class PretendedUnderfitting(Model):
    """The loss against noisy masks."""

    beta: Positive = key("cap once the mean loss is below beta")
    k: Positive = key("the cap of a pixel's loss")


class SegmentationOfBackbone(Training):
    """The training of a segmentation model."""

    head_channels: Count = key("of the PSP head; 512 is the published number")
    auxiliary_channels: Count = key("of the FCN head beside it")
    batch_size: int = key(
        "images per update of the weights, all GPUs' together; the heads hardly learn from 4",
        ge=2,
        le=4096,
    )
    images_per_step: ImagesOfHead | None = key(IMAGES_PER_STEP)
    learning_rate: Positive = key("at the start")
    min_learning_rate: NotNegative = key("at the end of the polynomial schedule")
    new_layers_factor: Positive = key(
        "the heads learn that much faster than the backbone; 10, with a tenth of the learning "
        "rate, for few photographs"
    )
    frozen_statistics: bool = key("keep a pretrained backbone's batch statistics")
    from_baseline: bool = key(
        "a model that learns from its own baseline's masks (the teacher's are, and `urn_self`) "
        "starts from its weights, not anew"
    )
    resize: PixelRange = key(
        "largest long and short side of a training image, in pixels; `auto`: 2 and 0.625 times the "
        "plan's `network_size`; times …"
    )
    ratios: Range = key("… a random number between these")
    pretended_underfitting: PretendedUnderfitting = key("for the supervisions that use it")
    evaluate_every: int = key(
        "iterations between evaluations on val, in `curve.tsv`; 0: none", ge=0
    )


class Segmentation(SegmentationOfBackbone):
    """Masks to a segmentation model."""

    by_backbone: dict[Backbone, SegmentationOfBackbone] = key(
        "any of these keys for one backbone: `{resnet18: {learning_rate: 0.02}}`"
    )


class Responses(Model):
    """A segmentation model's averaged softmax."""

    ratios: Factors = key("sizes, times that which fits `segmentation.resize`; each also mirrored")
    window: Side = key("side of the sliding window, in pixels")
    stride: Count = key("its step")
    minimum: float = key("classes that nowhere reach this probability are not kept", ge=0, le=0.5)


class Uncertainty(Model):
    """Response scaling."""

    labels: ResponseLabels = key(
        "the classes that a training image can show: its `tags` (and background), those of its "
        "`pseudo_mask`, as equation 5 of the paper has it, or `all`, as its code"
    )
    scales: ResponseScales = key("exponents of a class's response: below 1 wider, above 1 narrower")


SECTIONS: dict[str, type[Model]] = {
    "classification": Classification,
    "multi_crop": MultiCrop,
    "pseudo_masks": PseudoMasks,
    "affinity": Affinity,
    "segmentation": Segmentation,
    "responses": Responses,
    "uncertainty": Uncertainty,
}
