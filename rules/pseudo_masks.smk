# CAMs -> pseudo-masks.

for dataset in DATASETS:
    for name, shard, image_ids in shard_rules("pseudo_masks", dataset, "train"):

        rule:
            name:
                name
            input:
                index=ancient(f"results/{dataset}/index.csv"),
                cams=f"{cams(dataset)}/{shard}.npz",
                model=lambda wildcards, dataset=dataset: refiner_model(
                    dataset, wildcards.refiner
                ),
            output:
                [
                    f"results/{dataset}/pseudo_masks/{{refiner}}/{i}.png"
                    for i in image_ids
                ],
            log:
                f"results/{dataset}/logs/pseudo_masks_{{refiner}}_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/pseudo_masks_{{refiner}}_{shard}.tsv"
            wildcard_constraints:
                refiner=names(configuration.CAM_REFINERS),
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("pseudo_masks"),
            params:
                ids=image_ids,
                data=data("images", dataset=dataset, ids=image_ids),
                options=lambda wildcards, dataset=dataset: refiner_options(
                    dataset, wildcards.refiner
                ),
                working_size=working_size(dataset),
                code=lambda wildcards: refiner_code(wildcards.refiner),
            message:
                f"Pseudo-masks of {dataset}, shard {shard}"
            script:
                "../workflow_scripts/pseudo_masks.py"


# Masks of any other method, in place of a refiner's.
for dataset in [d for d in DATASETS if refiner(d) == "own"]:
    for name, shard, image_ids in shard_rules("own_pseudo_masks", dataset, "train"):

        rule:
            name:
                name
            input:
                index=ancient(f"results/{dataset}/index.csv"),
                folder=ancient(own_folder(dataset)),
            output:
                [f"results/{dataset}/pseudo_masks/own/{i}.png" for i in image_ids],
            log:
                f"results/{dataset}/logs/pseudo_masks_own_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/pseudo_masks_own_{shard}.tsv"
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("pseudo_masks"),
            params:
                ids=image_ids,
                data=data("images", dataset=dataset, ids=image_ids),
                own=own_masks(dataset, image_ids),
                code=code(
                    "datasets/agreement.py", "datasets/validation.py", "files/jpeg.py"
                ),
            message:
                f"Own pseudo-masks of {dataset}, shard {shard}"
            script:
                "../workflow_scripts/own_pseudo_masks.py"


rule alpha_sweep:
    input:
        index=ancient("results/{dataset}/index.csv"),
        cams=lambda wildcards: f"{cams(wildcards.dataset)}/00000.npz",
        model=lambda wildcards: refiner_model(
            wildcards.dataset, refiner(wildcards.dataset)
        ),
    output:
        "results/{dataset}/tables/alpha.tsv",
    log:
        "results/{dataset}/logs/alpha_sweep.log",
    benchmark:
        "results/{dataset}/benchmarks/alpha_sweep.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("alpha_sweep"),
    params:
        ids=lambda wildcards: shards(wildcards.dataset, "train")["00000"],
        options=lambda wildcards: without(
            refiner_options(wildcards.dataset, refiner(wildcards.dataset)), "alpha"
        ),
        refiner=lambda wildcards: refiner(wildcards.dataset),
        data=lambda wildcards: data(
            "images", "masks", ids=shards(wildcards.dataset, "train")["00000"]
        )(wildcards),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        alphas=lambda wildcards: settings("pseudo_masks")(wildcards)["alpha_sweep"],
        code=lambda wildcards: refiner_code(refiner(wildcards.dataset), "evaluation.py"),
    message:
        "Scoring the pseudo-masks of {wildcards.dataset}'s first shard at every alpha"
    script:
        "../workflow_scripts/alpha_sweep.py"
