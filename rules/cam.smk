# Image tags -> classifier -> class activation maps.

# The settings of a classifier that only its CAMs depend on, and those of a training that change
# nothing in its result.
CAM_VIEWS = ("scales", "window", "stride")
PROCESSES = ("gpus", "nodes")


rule train_classifier:
    input:
        index=ancient("results/{dataset}/index.csv"),
        initial=lambda wildcards: pretrained_file(settings("classification")(wildcards)),
    output:
        model="results/{dataset}/cam/classifier.pth",
        curve="results/{dataset}/cam/curve.tsv",
    log:
        "results/{dataset}/logs/train_classifier.log",
    benchmark:
        "results/{dataset}/benchmarks/train_classifier.tsv"
    conda:
        "../envs/urn.yaml"
    threads: 8
    resources:
        **needs("train_classifier", settings("classification")),
    params:
        settings=lambda wildcards: without(
            settings("classification")(wildcards), *CAM_VIEWS, *PROCESSES
        ),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        seed=config["seed"],
        work="results/{dataset}/cam/work",
        data=data("images", "tags"),
        code=code(
            "classification",
            "backbones",
            "training/distributed.py",
            "backbones/fine_tuning.py",
            "backbones/inputs.py",
            "training/precision.py",
            "training/loop.py",
        ),
    message:
        "Training the classifier of {wildcards.dataset}"
    script:
        "../workflow_scripts/train_classifier.py"


rule cams:
    input:
        index=ancient("results/{dataset}/index.csv"),
        model="results/{dataset}/cam/classifier.pth",
    output:
        "results/{dataset}/cam/shards/{shard}.npz",
    log:
        "results/{dataset}/logs/cams_{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/cams_{shard}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("cams"),
    params:
        ids=lambda wildcards: shards(wildcards.dataset, "train")[wildcards.shard],
        views=lambda wildcards: only(settings("classification")(wildcards), *CAM_VIEWS),
        data=data("images", "tags"),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        code=code(
            "classification",
            "backbones",
            "backbones/fine_tuning.py",
            "backbones/inputs.py",
            "windows.py",
            "files/archives.py",
        ),
    message:
        "CAMs of {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/cams.py"
