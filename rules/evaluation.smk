# Responses on val -> predictions; masks -> scores and tables.

PREDICTED = [(dataset, "val", "predictions") for dataset in DATASETS] + [
    (dataset, "test", "test_predictions")
    for dataset, entry in DATASETS.items()
    if "test" in entry
]

for dataset, split, folder in PREDICTED:
    for name, shard, image_ids in shard_rules(folder, dataset, split):

        rule:
            name:
                name
            input:
                index=ancient(index_of(dataset, split)),
                responses=(
                    f"results/{dataset}/{{backbone}}/{{supervision}}/responses/{split}_{shard}.npz"
                ),
            output:
                [
                    f"results/{dataset}/{{backbone}}/{{supervision}}/{folder}/{i}.png"
                    for i in image_ids
                ],
            log:
                f"results/{dataset}/logs/{folder}_{{backbone}}_{{supervision}}_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/{folder}_{{backbone}}_{{supervision}}_{shard}.tsv"
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("predictions"),
            params:
                ids=image_ids,
                data=data("images", split=split, dataset=dataset, ids=image_ids),
                working_size=working_size(dataset),
                crf_backend=config["crf_backend"],
                code=code("files/archives.py", "refinement.py", "crf"),
            message:
                f"Predicted masks of {dataset} {split}, shard {shard}, by "
                "{wildcards.backbone}/{wildcards.supervision}"
            script:
                "../workflow_scripts/predictions.py"


rule predictions_miou:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset,
            f"{wildcards.backbone}/{wildcards.supervision}/predictions",
            "val",
        ),
    output:
        miou="results/{dataset}/{backbone}/{supervision}/miou.txt",
        classes="results/{dataset}/{backbone}/{supervision}/iou.tsv",
    log:
        "results/{dataset}/logs/miou_{backbone}_{supervision}.log",
    benchmark:
        "results/{dataset}/benchmarks/miou_{backbone}_{supervision}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        split="val",
        data=data("masks", split="val"),
        code=code("evaluation.py"),
    message:
        "mIoU of {wildcards.backbone}/{wildcards.supervision} on {wildcards.dataset} val"
    script:
        "../workflow_scripts/miou.py"


use rule predictions_miou as pseudo_masks_miou with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset, f"pseudo_masks/{wildcards.refiner}"
        ),
    output:
        miou="results/{dataset}/pseudo_masks/{refiner}_miou.txt",
        classes="results/{dataset}/pseudo_masks/{refiner}_iou.tsv",
    log:
        "results/{dataset}/logs/miou_pseudo_masks_{refiner}.log",
    benchmark:
        "results/{dataset}/benchmarks/miou_pseudo_masks_{refiner}.tsv"
    params:
        split="train",
        data=data("masks"),
        code=code("evaluation.py"),
    message:
        "mIoU of the {wildcards.refiner} pseudo-masks on {wildcards.dataset} train"


use rule predictions_miou as cyclic_masks_miou with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/cyclic_masks"
        ),
    output:
        miou="results/{dataset}/{backbone}/cyclic_masks_miou.txt",
        classes="results/{dataset}/{backbone}/cyclic_masks_iou.tsv",
    log:
        "results/{dataset}/logs/miou_cyclic_masks_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/miou_cyclic_masks_{backbone}.tsv"
    params:
        split="train",
        data=data("masks"),
        code=code("evaluation.py"),
    message:
        "mIoU of {wildcards.backbone}'s cyclic masks on {wildcards.dataset} train"


rule miou:
    input:
        "results/{dataset}/{backbone}/urn/miou.txt",
    output:
        "results/{dataset}/{backbone}/miou.txt",
    log:
        "results/{dataset}/logs/miou_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/miou_{backbone}.tsv"
    localrule: True
    conda:
        "../envs/urn.yaml"
    message:
        "The final score of {wildcards.backbone} on {wildcards.dataset}"
    shell:
        "cp {input} {output} 2> {log}"


rule uncertainty_quality:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/cyclic_masks"
        ),
        weights=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/weights"
        ),
    output:
        scores="results/{dataset}/{backbone}/uncertainty.tsv",
        table="results/{dataset}/{backbone}/uncertainty_by_weight.tsv",
    log:
        "results/{dataset}/logs/uncertainty_quality_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/uncertainty_quality_{backbone}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        data=data("masks"),
        code=code("evaluation.py"),
    message:
        "How well {wildcards.backbone}'s uncertainty finds wrong pixels on {wildcards.dataset}"
    script:
        "../workflow_scripts/uncertainty_quality.py"


rule summary:
    input:
        summarised,
    output:
        "results/{dataset}/tables/summary.tsv",
    log:
        "results/{dataset}/logs/summary.log",
    benchmark:
        "results/{dataset}/benchmarks/summary.tsv"
    localrule: True
    conda:
        "../envs/urn.yaml"
    message:
        "The scores of {wildcards.dataset}"
    script:
        "../workflow_scripts/summary.py"
