"""What every dataset's entry may have, whatever its layout."""

from pydantic import Field

from rules.plan.schema.fields import Backbone, Runs, Section, ShardSize, WorkingSize
from rules.plan.schema.sections import (
    Affinity,
    Classification,
    MultiCrop,
    PseudoMasks,
    Responses,
    Segmentation,
    Uncertainty,
    unset,
)


class Entry(Section):
    """A dataset."""

    teacher: Backbone = Field(
        description="the backbone whose cyclic masks and weights the others learn from"
    )
    runs: Runs = Field(
        description="the supervisions that plain `snakemake` trains, by backbone: "
        "`efficientnet_lite0`, `resnet18`, `resnet38`, `resnet101`, `scalenet101`, "
        "`res2net101`, `timm:<name>`"
    )
    shard_size: ShardSize = unset("in place of `shard_size`")
    working_size: WorkingSize = unset("in place of `working_size`")
    classification: Classification = unset("what differs from the section for this dataset")
    multi_crop: MultiCrop = unset("the same")
    pseudo_masks: PseudoMasks = unset("the same")
    affinity: Affinity = unset("the same")
    segmentation: Segmentation = unset("the same")
    responses: Responses = unset("the same")
    uncertainty: Uncertainty = unset("the same")
