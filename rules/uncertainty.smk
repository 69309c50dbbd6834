# The baseline's responses -> cyclic masks and weight masks, by response scaling.

for shard in plan.shards("uncertainty"):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            responses=shard.paths.responses(
                "{backbone}", "baseline", "train", shard.number
            ),
        output:
            masks=shard.pngs(shard.paths.cyclic_masks()),
            weights=shard.pngs(shard.paths.weights()),
        log:
            shard.log("uncertainty_{backbone}"),
        benchmark:
            shard.benchmark("uncertainty_{backbone}")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("uncertainty"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images", "tags"),
            scales=plan.dataset(shard.dataset).settings("uncertainty")["scales"],
            working_size=plan.dataset(shard.dataset).working_size,
            crf_backend=config["crf_backend"],
            code=jobs.code("uncertainty"),
        message:
            f"Response scaling of {shard.dataset}, shard {shard.number}, by {{wildcards.backbone}}"
        script:
            "../workflow_scripts/uncertainty.py"
