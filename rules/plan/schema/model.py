"""The whole configuration."""

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from rules.plan import layouts
from rules.plan.schema.fields import (
    MD5,
    SHA256,
    Address,
    Backbone,
    Choice,
    Count,
    Fraction,
    Name,
    Path,
    Refiner,
    ResponseScales,
    Section,
    Seed,
    ShardSize,
    Unique,
    WorkingSize,
)
from rules.plan.schema.sections import SECTIONS, unset
from urn.registry import MEASURES


class Supervision(Section):
    """How a segmentation model is supervised."""

    masks: Annotated[str, Choice("pseudo_masks", "teacher", "self")] = Field(
        description="`pseudo_masks` (the refiner's), `teacher` (its cyclic masks) or `self` (the "
        "backbone's own cyclic masks)"
    )
    weighting: Annotated[str, Choice("none", "uncertainty", "probability")] = Field(
        description="`none`, `uncertainty` (weight masks from where the masks come from, and t), "
        "or `probability` (of the target, by the model in training)"
    )
    pretended_underfitting: bool = unset(
        "cap the pixel losses while their mean is small, against noisy masks"
    )
    measure: str = unset("with `uncertainty`: a row of `measures` in place of response scaling")
    refiner: Refiner = unset("with `pseudo_masks`: another refiner than the dataset's")
    t: Fraction = unset("with `uncertainty`: this row's own t")


class Measure(Section):
    """A measure of uncertainty, to compare."""

    method: Annotated[str, Choice(*MEASURES)] = Field(
        description="`urn` (response scaling), `probability`, `entropy` or `tta_variance`"
    )
    scales: ResponseScales = unset("for `urn`: the exponents")

    @model_validator(mode="before")
    @classmethod
    def _scales_of_urn(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("method") == "urn" and "scales" not in value:
            raise PydanticCustomError("lacks", "lacks", {"keys": ["scales"]})
        return value


class Ablation(Section):
    """What is compared."""

    seeds: Annotated[list[Seed], Field(min_length=1), Unique] = Field(
        description="every segmentation model is trained with each"
    )
    refiners: Annotated[list[Refiner], Unique] = Field(
        description="refiners to compare with the dataset's; each adds the supervision "
        "`baseline_<refiner>`"
    )


class Published(Section):
    """A published file."""

    name: Name = Field(description="the file's name in `data/downloads`")
    path: Path | None = unset("a copy of yours, which is then used as it is")
    urls: list[Address] = Field(description="tried in turn")
    sha256: SHA256 | None = unset("or its first digits, as far as they are published")
    md5: MD5 | None = unset("where only this is published")
    page: str = unset("where people find it by hand, if no address works")


class Checkpoint(Published):
    """ImageNet weights."""

    format: Annotated[str, Choice("torch", "mxnet")] = Field(description="`torch` or `mxnet`")


class Archives(Section):
    """Official archives."""

    voc2012: Published = Field(description="images, masks and lists")
    voc2012_test: Published = Field(description="images of test")
    sbd: Published = Field(description="SBD's masks")
    coco2014_train: Published = Field(description="images")
    coco2014_val: Published = Field(description="images")
    coco2014_annotations: Published = Field(description="objects of train and val")


class Stage(Section):
    """What a stage's jobs take."""

    mem_mb: Count = Field(description="memory, in MB")
    runtime: Count = Field(description="time, in minutes")
    gpu: Annotated[int, Field(ge=0)] = unset("GPUs")


class Site(Section):
    """The machines; see slurm/site.yaml."""

    account: str | None = Field(description="of the jobs; null: your default account")
    partition: str | None = Field(description="of jobs without a GPU")
    gpu_partition: str | None = Field(description="of jobs with one")
    gpu_model: str | None = Field(description="asks for that type")
    gpus: bool = Field(description="false: no job asks for a GPU")
    stages: dict[str, Stage] = Field(description="memory and time by stage")


def _needed_rows(value: Any) -> Any:
    lacking = [name for name in ("baseline", "urn") if name not in value]
    if lacking:
        raise PydanticCustomError("lacks", "lacks", {"keys": lacking})
    return value


class General(Section):
    """The keys of the top level, but for the sections."""

    dataset: str = Field(
        description="the dataset that plain `snakemake` builds, a name below `datasets`"
    )
    seed: Seed = Field(description="of every random number")
    t: Fraction = Field(
        description="pixels with a weight of at most t have their loss multiplied by t: 1 ignores "
        "the weights, 0 drops the pixels"
    )
    threshold: Fraction = unset(
        "another name of `t`, for the command line, where keys have two letters or more: "
        "`--config threshold=0.1`"
    )
    thresholds: Annotated[list[Fraction], Unique] = Field(
        description="further values of t; each adds the supervision `urn_t<value>`"
    )
    shard_size: ShardSize = Field(description="images per job of the per-image stages, at most 100")
    working_size: WorkingSize = Field(
        description="larger images are shrunk for the work, and their masks enlarged to the "
        "image's size again: `auto` (to 2^20 pixels, about a megapixel), `original`, or the "
        "pixels of the longer side, at least 32"
    )
    crf_backend: Annotated[str, Choice("auto", "numba", "torch", "pydensecrf")] = Field(
        description="`numba`, `torch` (for GPUs), `pydensecrf` (the reference, after `make "
        "reference`), or `auto`: torch on a GPU, else numba"
    )
    supervisions: Annotated[dict[Name, Supervision], BeforeValidator(_needed_rows)] = Field(
        description="the rows; `baseline` and `urn` must be there"
    )
    measures: dict[Name, Measure] = Field(
        description="weight masks of other makings; each row is a folder `weights_<name>/` and "
        "adds the supervision `urn_<name>`"
    )
    ablation: Ablation = Field(
        description="what `snakemake -- ablations` compares beside the rows above"
    )
    archives: Archives = Field(
        description="the official archives of the data sets: `voc2012`, `voc2012_test`, `sbd`, "
        "`coco2014_train`, `coco2014_val`, `coco2014_annotations`"
    )
    pretrained: dict[Backbone, Checkpoint] = Field(description="ImageNet checkpoints, by backbone")
    site: Site = unset(
        "what jobs ask of a cluster: explained in [slurm/site.yaml](../slurm/site.yaml), which "
        "holds the defaults"
    )


# Layouts and sections are registered elsewhere.
_Dataset: Any = reduce(or_, (layout.entry_model for layout in layouts.LAYOUTS.values()))
_fields: dict[str, Any] = {
    name: (model, Field(description="the section")) for name, model in SECTIONS.items()
}
_fields["datasets"] = (
    Annotated[dict[Name, Annotated[_Dataset, Field(discriminator="layout")]], Field(min_length=1)],
    Field(description="by name"),
)
Configuration: type[Section] = create_model("Configuration", __base__=General, **_fields)
