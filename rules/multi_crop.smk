# CAMs -> rough masks -> second classifier, trained on crops -> its CAMs (PMM).

for dataset in [d for d in DATASETS if multi_crop(d)["enabled"]]:
    for name, shard, image_ids in shard_rules("rough_masks", dataset, "train"):

        rule:
            name:
                name
            input:
                index=ancient(f"results/{dataset}/index.csv"),
                cams=f"results/{dataset}/cam/shards/{shard}.npz",
            output:
                [f"results/{dataset}/multi_crop/rough_masks/{i}.png" for i in image_ids],
            log:
                f"results/{dataset}/logs/rough_masks_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/rough_masks_{shard}.tsv"
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("pseudo_masks"),
            params:
                ids=image_ids,
                data=data("images", dataset=dataset, ids=image_ids),
                options=only(multi_crop(dataset), "alpha", "confidence")
                | {"backend": config["crf_backend"]},
                working_size=working_size(dataset),
                code=code("files/archives.py", "refinement.py", "crf"),
            message:
                f"Rough masks of {dataset}, shard {shard}"
            script:
                "../workflow_scripts/rough_masks.py"


use rule train_classifier as train_multi_crop_classifier with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        initial=lambda wildcards: pretrained_file(multi_crop_settings(wildcards)),
        rough_masks=lambda wildcards: masks(wildcards.dataset, "multi_crop/rough_masks"),
    output:
        model="results/{dataset}/multi_crop/classifier.pth",
        curve="results/{dataset}/multi_crop/curve.tsv",
    log:
        "results/{dataset}/logs/train_multi_crop_classifier.log",
    benchmark:
        "results/{dataset}/benchmarks/train_multi_crop_classifier.tsv"
    resources:
        **needs("train_classifier", multi_crop_settings),
    params:
        settings=lambda wildcards: without(
            multi_crop_settings(wildcards), *CAM_VIEWS, *PROCESSES
        ),
        multi_crop=lambda wildcards: only(multi_crop(wildcards.dataset), "least_share"),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        seed=config["seed"],
        work="results/{dataset}/multi_crop/work",
        data=data("images", "tags"),
        code=rules.train_classifier.params.code,
    message:
        "Training the second classifier of {wildcards.dataset}, on crops"


use rule cams as multi_crop_cams with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        model="results/{dataset}/multi_crop/classifier.pth",
    output:
        "results/{dataset}/multi_crop/shards/{shard}.npz",
    log:
        "results/{dataset}/logs/multi_crop_cams_{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/multi_crop_cams_{shard}.tsv"
    params:
        ids=lambda wildcards: shards(wildcards.dataset, "train")[wildcards.shard],
        views=lambda wildcards: only(multi_crop_settings(wildcards), *CAM_VIEWS),
        data=data("images", "tags"),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        code=rules.cams.params.code,
    message:
        "CAMs of {wildcards.dataset} by the second classifier, shard {wildcards.shard}"
