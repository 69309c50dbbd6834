"""The whole configuration: what config.yaml, laid under a user's --configfile, may hold."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from rules.plan.layouts import AnyLayout
from rules.plan.schema.sections import (
    Affinity,
    Classification,
    MultiCrop,
    PseudoMasks,
    Responses,
    Segmentation,
    Uncertainty,
)
from rules.plan.schema.values import (
    Backbone,
    Count,
    CrfBackend,
    Fraction,
    MeasureMethod,
    Model,
    Name,
    Refiner,
    ResponseScales,
    Seed,
    ShardSize,
    Text,
    Unique,
    WorkingSize,
    key,
)


def _lacks(keys: Iterable[str]) -> PydanticCustomError:
    return PydanticCustomError("lacks", "keys are missing", {"keys": list(keys)})


def _with(*names: str) -> AfterValidator:
    """Of a mapping: these names must be there, beside any others."""

    def check(rows: dict[str, Any]) -> dict[str, Any]:
        if missing := [name for name in names if name not in rows]:
            raise _lacks(missing)
        return rows

    return AfterValidator(check)


class Supervision(Model):
    """How a segmentation model is supervised."""

    masks: Literal["pseudo_masks", "teacher", "self"] = Field(
        description="`pseudo_masks` (the refiner's), `teacher` (its cyclic masks) or `self` (the "
        "backbone's own cyclic masks)"
    )
    weighting: Literal["none", "uncertainty", "probability"] = Field(
        description="`none`, `uncertainty` (weight masks from where the masks come from, and t), "
        "or `probability` (of the target, by the model in training)"
    )
    pretended_underfitting: bool = Field(
        False, description="cap the pixel losses while their mean is small, against noisy masks"
    )
    measure: str = key("with `uncertainty`: a row of `measures` in place of response scaling")
    refiner: Refiner = key("with `pseudo_masks`: another refiner than the dataset's")
    t: Fraction = key("with `uncertainty`: this row's own t")


class Measure(Model):
    """Weight masks of another making."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"method": {"const": "urn"}}},
            "then": {"required": ["scales"]},
        }
    )
    method: MeasureMethod = Field(
        description="`urn` is response scaling; the others are brought to [0, 1] over the image"
    )
    scales: ResponseScales = key("for `urn`: the exponents")

    @model_validator(mode="after")
    def _scales_for_urn(self) -> Self:
        if self.method == "urn" and "scales" not in self.model_fields_set:
            raise _lacks(["scales"])
        return self


class Ablation(Model):
    """What is compared beside the rows."""

    seeds: Annotated[list[Seed], Field(min_length=1), Unique()] = Field(
        description="every segmentation model is trained with each"
    )
    refiners: Annotated[list[Refiner], Unique()] = Field(
        description="refiners to compare with the dataset's; each adds the supervision "
        "`baseline_<refiner>`"
    )


class PublishedFile(Model):
    """Where a published file is, and what it must be."""

    name: Name = Field(description="the file's name in `data/downloads`")
    path: Text | None = key("a copy of yours, which is then used as it is")
    urls: list[Annotated[str, Field(pattern="^https?://")]] = Field(description="tried in turn")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = key(
        "or its first digits, as far as they are published"
    )
    md5: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = key(
        "where only this is published"
    )
    page: str = key("where people find it by hand, if no address works")


class Checkpoint(PublishedFile):
    """ImageNet weights."""

    format: Literal["torch", "mxnet"] = Field(description="what kind of file it is")


class Archives(Model):
    """The official archives of the data sets."""

    voc2012: PublishedFile = Field(description="PASCAL VOC 2012, train and val")
    voc2012_test: PublishedFile = Field(description="its test images")
    sbd: PublishedFile = Field(description="SBD's masks of further VOC images")
    coco2014_train: PublishedFile = Field(description="MS COCO 2014, train images")
    coco2014_val: PublishedFile = Field(description="its val images")
    coco2014_annotations: PublishedFile = Field(description="its annotations")


class Stage(Model):
    """What a stage's jobs ask for."""

    mem_mb: Count = Field(description="memory in MB; a second attempt gets twice as much")
    runtime: Count = Field(description="minutes; likewise")
    gpu: int = Field(
        0, ge=0, description="GPUs; of a training with `gpus: auto`, on each of its nodes"
    )


STAGES = (
    *("shapes", "index", "train_classifier", "cams", "cuts", "pseudo_masks"),
    "alpha_sweep",
    *("train_segmentation", "responses", "uncertainty", "predictions", "scores", "pretrained"),
    *("figures", "gallery", "bundle", "exports"),
)


class Site(Model):
    """What jobs ask of a cluster."""

    account: str | None = Field(description="of the jobs; null: your default account")
    partition: str | None = Field(
        description="of jobs without a GPU; null: the cluster's default partition"
    )
    gpu_partition: str | None = Field(description="of jobs with one")
    gpu_model: str | None = Field(description="such as `a100`: asks for that type")
    gpus: bool = Field(description="whether jobs ask for GPUs, also on one machine")
    stages: Annotated[dict[str, Stage], _with(*STAGES)] = Field(
        description="memory, time and GPUs of every stage's jobs"
    )


class Configuration(Model):
    """Every key of URN's configuration."""

    dataset: str = Field(
        description="the dataset that plain `snakemake` builds, a name below `datasets`"
    )
    seed: Seed = Field(description="of every random number")
    t: Fraction = Field(
        description="pixels with a weight of at most t have their loss multiplied by t: 1 ignores "
        "the weights, 0 drops the pixels"
    )
    threshold: Fraction = key(
        "another name of `t`, for the command line, where keys have two letters or more: "
        "`--config threshold=0.1`"
    )
    thresholds: Annotated[list[Fraction], Unique()] = Field(
        description="further values of t; each adds the supervision `urn_t<value>`"
    )
    shard_size: ShardSize = Field(description="images per job of the per-image stages")
    working_size: WorkingSize = Field(
        description="larger images are shrunk for the work, and their masks enlarged to the "
        "image's size again: `auto` (to 2^20 pixels, about a megapixel), `original`, or the pixels "
        "of the longer side"
    )
    crf_backend: CrfBackend = Field(
        description="`numba`, `torch` (for GPUs), `pydensecrf` (the reference, after `make "
        "reference`), or `auto`: torch on a GPU, else numba"
    )
    budget: Literal["fast", "normal", "thorough"] = Field(
        description="how long trainings are whose `iterations` are `auto`: half as long, as they "
        "should be, or twice as long"
    )
    bundle: bool = Field(
        description="whether a plain run also makes the bundle `model.zip` of every model under "
        "`urn`: ONNX, weights and model card"
    )
    next_images: Count = Field(
        description="how many images `results/<dataset>/<backbone>/tables/next.tsv` names: those "
        "whose correction by hand promises most"
    )
    tracking: Literal["tensorboard", "mlflow"] | None = Field(
        description="where trainings log their curves, settings and final scores as well: "
        "`tensorboard` (files in `results/<dataset>/tracking`), `mlflow` (a database there, or "
        "what MLFLOW_TRACKING_URI names), or null; each is an optional package"
    )
    supervisions: Annotated[dict[Name, Supervision], _with("baseline", "urn")] = Field(
        description="the rows; `baseline` and `urn` must be there"
    )
    measures: dict[Name, Measure] = Field(
        description="weight masks of other makings; each row is a folder `weights_<name>/` and "
        "adds the supervision `urn_<name>`"
    )
    ablation: Ablation = Field(
        description="what `snakemake -- ablations` compares beside the rows above"
    )
    classification: Classification = Field(description="the section")
    multi_crop: MultiCrop = Field(description="the section (PMM's second pass)")
    pseudo_masks: PseudoMasks = Field(description="the section")
    affinity: Affinity = Field(description="the section")
    segmentation: Segmentation = Field(description="the section")
    responses: Responses = Field(description="the section")
    uncertainty: Uncertainty = Field(description="the section")
    archives: Archives = Field(description="the official archives of the data sets")
    pretrained: dict[Backbone, Checkpoint] = Field(description="ImageNet checkpoints, by backbone")
    site: Site = key("what jobs ask of a cluster")
    datasets: Annotated[dict[Name, AnyLayout], Field(min_length=1)] = Field(description="by name")
