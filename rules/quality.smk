# How good every stage's masks and the uncertainty are, where the truth is known.


rule cam_quality:
    input:
        index=ancient("results/{dataset}/index.csv"),
        cams=lambda wildcards: cam_shards(wildcards.dataset),
    output:
        miou="results/{dataset}/cam/miou.txt",
        classes="results/{dataset}/cam/iou.tsv",
        thresholds="results/{dataset}/cam/thresholds.tsv",
    log:
        "results/{dataset}/logs/cam_quality.log",
    benchmark:
        "results/{dataset}/benchmarks/cam_quality.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        ids=lambda wildcards: list(shards(wildcards.dataset, "train").values()),
        data=data("masks"),
        code=code("files/archives.py", "evaluation.py"),
    message:
        "mIoU of the CAMs of {wildcards.dataset} at every threshold"
    script:
        "../workflow_scripts/cam_quality.py"


rule stages:
    input:
        miou=lambda wildcards: stage_files(wildcards.dataset, "miou.txt"),
        classes=lambda wildcards: stage_files(wildcards.dataset, "iou.tsv"),
    output:
        stages="results/{dataset}/tables/stages.tsv",
        classes="results/{dataset}/tables/classes.tsv",
    log:
        "results/{dataset}/logs/stages.log",
    benchmark:
        "results/{dataset}/benchmarks/stages.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        stages=lambda wildcards: [
            (split, name) for split, name, _ in stages(wildcards.dataset)
        ],
    message:
        "The scores of every stage of {wildcards.dataset}"
    script:
        "../workflow_scripts/stages.py"


rule stages_figure:
    input:
        stages="results/{dataset}/tables/stages.tsv",
        classes="results/{dataset}/tables/classes.tsv",
    output:
        stages=report(
            "results/{dataset}/figures/stages.png",
            caption="../report/stages.rst",
            category="Quality",
            labels={"figure": "1 scores of every stage"},
        ),
        classes=report(
            "results/{dataset}/figures/classes.png",
            caption="../report/classes.rst",
            category="Quality",
            labels={"figure": "2 scores by class"},
        ),
    log:
        "results/{dataset}/logs/stages_figure.log",
    benchmark:
        "results/{dataset}/benchmarks/stages_figure.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        code=code("figures"),
    message:
        "Drawing the scores of {wildcards.dataset}"
    script:
        "../workflow_scripts/stages_figure.py"


rule reliability:
    input:
        scores="results/{dataset}/{backbone}/uncertainty.tsv",
        by_weight="results/{dataset}/{backbone}/uncertainty_by_weight.tsv",
    output:
        table="results/{dataset}/tables/uncertainty_{backbone}.tsv",
        figure=report(
            "results/{dataset}/figures/reliability_{backbone}.png",
            caption="../report/reliability.rst",
            category="Quality",
            labels={"figure": "3 is uncertain also wrong?"},
        ),
    log:
        "results/{dataset}/logs/reliability_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/reliability_{backbone}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        t=configuration.threshold(config),
        code=code("evaluation.py", "figures"),
    message:
        "How often the uncertain pixels of {wildcards.dataset} are wrong"
    script:
        "../workflow_scripts/reliability.py"


rule train_images:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset, f"{DATASETS[wildcards.dataset]['teacher']}/cyclic_masks"
        ),
        weights=lambda wildcards: masks(
            wildcards.dataset, f"{DATASETS[wildcards.dataset]['teacher']}/weights"
        ),
    output:
        "results/{dataset}/tables/train_images.tsv",
    log:
        "results/{dataset}/logs/train_images.log",
    benchmark:
        "results/{dataset}/benchmarks/train_images.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        data=data("masks"),
    message:
        "The uncertainty of every training image of {wildcards.dataset}"
    script:
        "../workflow_scripts/train_images.py"


rule val_images:
    input:
        index=ancient("results/{dataset}/index.csv"),
        before=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/baseline/predictions", "val"
        ),
        after=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/urn/predictions", "val"
        ),
    output:
        "results/{dataset}/tables/val_images_{backbone}.tsv",
    log:
        "results/{dataset}/logs/val_images_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/val_images_{backbone}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        data=data("masks", split="val"),
        code=code("evaluation.py"),
    message:
        "The scores of every val image of {wildcards.dataset} by {wildcards.backbone}"
    script:
        "../workflow_scripts/val_images.py"
