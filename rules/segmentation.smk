# Masks, weights -> segmentation model -> responses.


rule train_segmentation:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=supervision_masks,
        weights=supervision_weights,
        initial=lambda wildcards: pretrained_file(
            settings("segmentation")(wildcards), split_seed(wildcards)[0]
        ),
    output:
        model="results/{dataset}/{backbone}/{supervision}/model.pth",
        curve="results/{dataset}/{backbone}/{supervision}/curve.tsv",
    log:
        "results/{dataset}/logs/train_{backbone}_{supervision}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_{backbone}_{supervision}.tsv"
    conda:
        "../envs/urn.yaml"
    threads: 8
    resources:
        **needs("train_segmentation", settings("segmentation")),
    params:
        settings=training_settings,
        backbone=lambda wildcards: split_seed(wildcards)[0],
        weighting=lambda wildcards: SUPERVISIONS[wildcards.supervision]["weighting"],
        t=lambda wildcards: SUPERVISIONS[wildcards.supervision].get("t"),
        windows=evaluation_windows,
        data=data("images"),
        evaluated=lambda wildcards: (
            data("images", "masks", split="val")(wildcards)
            if settings("segmentation")(wildcards)["evaluate_every"]
            else ""
        ),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        seed=lambda wildcards: split_seed(wildcards)[1],
        work="results/{dataset}/{backbone}/{supervision}/work",
        code=code(
            "segmentation",
            "training/distributed.py",
            "evaluation.py",
            "training/precision.py",
            "training/loop.py",
            "windows.py",
        ),
    message:
        "Training {wildcards.backbone} on {wildcards.dataset}, supervision {wildcards.supervision}"
    script:
        "../workflow_scripts/train_segmentation.py"


rule responses:
    input:
        index=ancient(lambda wildcards: index_of(wildcards.dataset, wildcards.split)),
        model="results/{dataset}/{backbone}/{supervision}/model.pth",
    output:
        temp("results/{dataset}/{backbone}/{supervision}/responses/{split}_{shard}.npz"),
    log:
        "results/{dataset}/logs/responses_{backbone}_{supervision}_{split}_{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/responses_{backbone}_{supervision}_{split}_{shard}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("responses"),
    params:
        ids=lambda wildcards: shards(wildcards.dataset, wildcards.split)[
            wildcards.shard
        ],
        settings=settings("responses"),
        data=data("images"),
        resize=lambda wildcards: settings("segmentation")(wildcards)["resize"],
        working_size=lambda wildcards: working_size(wildcards.dataset),
        code=code("segmentation", "windows.py", "files/archives.py"),
    message:
        "Responses of {wildcards.backbone}/{wildcards.supervision} on {wildcards.dataset}, "
        "{wildcards.split} shard {wildcards.shard}"
    script:
        "../workflow_scripts/responses.py"
