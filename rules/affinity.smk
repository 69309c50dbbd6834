# CAMs -> labels the CRF is sure of -> AffinityNet: for the refiner `affinity`.

for dataset in DATASETS:
    for name, shard, image_ids in shard_rules("affinity_labels", dataset, "train"):

        rule:
            name:
                name
            input:
                index=ancient(f"results/{dataset}/index.csv"),
                cams=f"{cams(dataset)}/{shard}.npz",
            output:
                [f"results/{dataset}/affinity/labels/{i}.png" for i in image_ids],
            log:
                f"results/{dataset}/logs/affinity_labels_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/affinity_labels_{shard}.tsv"
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("pseudo_masks"),
            params:
                ids=image_ids,
                data=data("images", dataset=dataset, ids=image_ids),
                alphas=configuration.resolve(config, dataset, "affinity")["alphas"],
                working_size=working_size(dataset),
                crf_backend=config["crf_backend"],
                code=code("files/archives.py", "refinement.py", "crf"),
            message:
                f"Labels of {dataset} for AffinityNet, shard {shard}"
            script:
                "../workflow_scripts/affinity_labels.py"


rule train_affinity:
    input:
        index=ancient("results/{dataset}/index.csv"),
        labels=lambda wildcards: masks(wildcards.dataset, "affinity/labels"),
        initial=lambda wildcards: pretrained_file(settings("affinity")(wildcards)),
    output:
        model="results/{dataset}/affinity/network.pth",
        curve="results/{dataset}/affinity/curve.tsv",
    log:
        "results/{dataset}/logs/train_affinity.log",
    benchmark:
        "results/{dataset}/benchmarks/train_affinity.tsv"
    conda:
        "../envs/urn.yaml"
    threads: 8
    resources:
        **needs("train_classifier", settings("affinity")),
    params:
        settings=lambda wildcards: without(
            settings("affinity")(wildcards), "alphas", "beta", "log_t", *PROCESSES
        ),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        seed=config["seed"],
        work="results/{dataset}/affinity/work",
        data=data("images"),
        code=code(
            "affinity",
            "backbones",
            "training/distributed.py",
            "backbones/fine_tuning.py",
            "backbones/inputs.py",
            "training/precision.py",
            "training/loop.py",
        ),
    message:
        "Training AffinityNet on {wildcards.dataset}"
    script:
        "../workflow_scripts/train_affinity.py"
