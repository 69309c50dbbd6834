# Masks, weights -> segmentation model -> responses.

SEGMENTATION_CODE = ["segmentation"]


def supervision_masks(wildcards):
    if SUPERVISIONS[wildcards.supervision]["masks"] == "pseudo_masks":
        return masks(wildcards.dataset, f"pseudo_masks/{refiner(wildcards.dataset)}")
    return masks(wildcards.dataset, f"{teacher(wildcards)}/cyclic_masks")


def supervision_weights(wildcards):
    if SUPERVISIONS[wildcards.supervision]["weighting"] == "uncertainty":
        return masks(wildcards.dataset, f"{teacher(wildcards)}/weights")
    return []


def training_settings(wildcards):
    """The training's settings, with PUF's numbers only where the supervision uses them."""
    resolved = settings("segmentation")(wildcards)
    puf = SUPERVISIONS[wildcards.supervision]["pretended_underfitting"]
    return resolved if puf else without(resolved, "pretended_underfitting")


rule train_segmentation:
    input:
        index="results/{dataset}/index.csv",
        masks=supervision_masks,
        weights=supervision_weights,
    output:
        model="results/{dataset}/{backbone}/{supervision}/model.pth",
        curve="results/{dataset}/{backbone}/{supervision}/curve.tsv",
    params:
        settings=training_settings,
        weighting=lambda wildcards: SUPERVISIONS[wildcards.supervision]["weighting"],
        t=lambda wildcards: SUPERVISIONS[wildcards.supervision].get("t"),
        seed=config["seed"],
        work="results/{dataset}/{backbone}/{supervision}/work",
        code=code(*SEGMENTATION_CODE, "training.py"),
    log:
        "results/{dataset}/logs/train_{backbone}_{supervision}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_{backbone}_{supervision}.tsv"
    threads: 8
    conda:
        "../envs/urn.yaml"
    message:
        "Training {wildcards.backbone} on {wildcards.dataset}, supervision {wildcards.supervision}"
    script:
        "../workflow_scripts/train_segmentation.py"


rule responses:
    input:
        index="results/{dataset}/index.csv",
        model="results/{dataset}/{backbone}/{supervision}/model.pth",
    output:
        temp("results/{dataset}/{backbone}/{supervision}/responses/{split}_{shard}.npz"),
    params:
        ids=lambda wildcards: shards(wildcards.dataset, wildcards.split)[wildcards.shard],
        settings=settings("responses"),
        resize=lambda wildcards: settings("segmentation")(wildcards)["resize"],
        code=code(*SEGMENTATION_CODE, "archives.py", "uncertainty.py"),
    log:
        "results/{dataset}/logs/responses_{backbone}_{supervision}_{split}_{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/responses_{backbone}_{supervision}_{split}_{shard}.tsv"
    conda:
        "../envs/urn.yaml"
    message:
        "Responses of {wildcards.backbone}/{wildcards.supervision} on {wildcards.dataset}, "
        "{wildcards.split} shard {wildcards.shard}"
    script:
        "../workflow_scripts/responses.py"
