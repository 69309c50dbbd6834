# The baseline's responses -> cyclic masks and weight masks, by response scaling.

for dataset in DATASETS:
    for name, shard, image_ids in shard_rules("uncertainty", dataset, "train"):

        rule:
            name:
                name
            input:
                index=ancient(f"results/{dataset}/index.csv"),
                responses=f"results/{dataset}/{{backbone}}/baseline/responses/train_{shard}.npz",
            output:
                masks=[
                    f"results/{dataset}/{{backbone}}/cyclic_masks/{i}.png"
                    for i in image_ids
                ],
                weights=[
                    f"results/{dataset}/{{backbone}}/weights/{i}.png"
                    for i in image_ids
                ],
            log:
                f"results/{dataset}/logs/uncertainty_{{backbone}}_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/uncertainty_{{backbone}}_{shard}.tsv"
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("uncertainty"),
            params:
                ids=image_ids,
                data=data("images", dataset=dataset, ids=image_ids),
                scales=configuration.resolve(config, dataset, "uncertainty")["scales"],
                working_size=working_size(dataset),
                crf_backend=config["crf_backend"],
                code=code("files/archives.py", "uncertainty.py", "crf"),
            message:
                f"Response scaling of {dataset}, shard {shard}, by {{wildcards.backbone}}"
            script:
                "../workflow_scripts/uncertainty.py"
