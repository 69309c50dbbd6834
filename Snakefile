"""URN: from image-level tags to a segmentation model, its masks and its mIoU."""

from snakemake.utils import min_version

min_version("9.0")


report: "report/workflow.rst"


configfile: f"{workflow.basedir}/config.yaml"
configfile: f"{workflow.basedir}/slurm/site.yaml"


include: "rules/common.smk"
include: "rules/downloads.smk"
include: "rules/pretrained.smk"
include: "rules/prepare.smk"
include: "rules/data.smk"
include: "rules/check.smk"
include: "rules/cam.smk"
include: "rules/multi_crop.smk"
include: "rules/affinity.smk"
include: "rules/alpha.smk"
include: "rules/pseudo_masks.smk"
include: "rules/corrections.smk"
include: "rules/segmentation.smk"
include: "rules/uncertainty.smk"
include: "rules/evaluation.smk"
include: "rules/quality.smk"
include: "rules/figures.smk"
include: "rules/ablation.smk"
include: "rules/gallery.smk"
include: "rules/report.smk"
include: "rules/submission.smk"
include: "rules/export.smk"
include: "rules/cost.smk"


onstart:
    if problem := unwritable_results():
        raise WorkflowError(problem)
    opening.announce(workflow, plan)


onsuccess:
    closing.close(workflow, config)


rule all:
    default_target: True
    input:
        lambda wildcards: targets.everything(plan.asked),
    message:
        f"Dataset {config['dataset']} is done"
