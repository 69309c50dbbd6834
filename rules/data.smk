# Datasets -> one index, checked.

for dataset in [d for d, entry in DATASETS.items() if entry["layout"] == "shapes"]:

    rule:
        name:
            f"shapes_{dataset}"
        output:
            images=[
                f"{DATASETS[dataset]['root']}/{folder}/{i}.{suffix}"
                for folder, suffix in (
                    ("JPEGImages", "jpg"),
                    ("SegmentationClass", "png"),
                )
                for split in configuration.SPLITS
                for i in ids(dataset, split)
            ],
            lists=configuration.lists(DATASETS[dataset]),
        log:
            f"results/{dataset}/logs/shapes.log",
        benchmark:
            f"results/{dataset}/benchmarks/shapes.tsv"
        conda:
            "../envs/urn.yaml"
        resources:
            **needs("shapes"),
        params:
            train=DATASETS[dataset]["train"],
            val=DATASETS[dataset]["val"],
            code=code(
                "datasets/ids.py",
                "datasets/layouts.py",
                "datasets/shape_parts.py",
                "datasets/shapes.py",
                "datasets/voc.py",
            ),
        message:
            f"Drawing the generated dataset {dataset}"
        script:
            "../workflow_scripts/shapes.py"


rule index:
    input:
        lambda wildcards: configuration.lists(DATASETS[wildcards.dataset]),
    output:
        "results/{dataset}/index.csv",
    log:
        "results/{dataset}/logs/index.log",
    benchmark:
        "results/{dataset}/benchmarks/index.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("index"),
    params:
        dataset=lambda wildcards: configuration.source(DATASETS[wildcards.dataset]),
        data=lambda wildcards: data_of_splits(wildcards, *data_files.KINDS),
        code=code("datasets", "files/jpeg.py"),
    message:
        "Checking every image, mask and tag of {wildcards.dataset}"
    script:
        "../workflow_scripts/index.py"
