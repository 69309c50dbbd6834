# CAMs -> pseudo-masks.

for shard in plan.shards("pseudo_masks"):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            cams=plan.dataset(shard.dataset).last_cams(shard.number),
            model=jobs.refiner_model_of(shard),
            alphas=jobs.chosen_alphas_of(shard),
        output:
            shard.pngs(shard.paths.pseudo_masks()),
        log:
            shard.log("pseudo_masks_{refiner}"),
        benchmark:
            shard.benchmark("pseudo_masks_{refiner}")
        wildcard_constraints:
            refiner=names(REFINERS),
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("pseudo_masks"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images"),
            options=jobs.refiner_options_of(shard),
            working_size=plan.dataset(shard.dataset).working_size,
            code=jobs.named_refiner_code("pseudo_masks"),
        message:
            f"Pseudo-masks of {shard.dataset}, shard {shard.number}"
        script:
            "../workflow_scripts/pseudo_masks.py"


# Masks of any other method, in place of a refiner's.
for shard in plan.shards("own_pseudo_masks", of=Dataset.has_own_masks):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            folder=ancient(plan.dataset(shard.dataset).own_folder),
        output:
            shard.pngs(shard.paths.pseudo_masks("own")),
        log:
            shard.log("pseudo_masks_own"),
        benchmark:
            shard.benchmark("pseudo_masks_own")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("pseudo_masks"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images"),
            own=jobs.own_masks_of(shard),
            code=jobs.code("own_pseudo_masks"),
        message:
            f"Own pseudo-masks of {shard.dataset}, shard {shard.number}"
        script:
            "../workflow_scripts/own_pseudo_masks.py"


rule alpha_sweep:
    input:
        index=ancient(paths.index()),
        cams=jobs.first_cams,
        model=jobs.own_refiner_model,
    output:
        paths.table("alpha"),
    log:
        paths.log("alpha_sweep"),
    benchmark:
        paths.benchmark("alpha_sweep")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("alpha_sweep"),
    params:
        ids=jobs.first_shard_ids,
        options=jobs.swept_options,
        refiner=jobs.own_refiner,
        data=jobs.data_of_first_shard("images", "masks"),
        working_size=jobs.working_size,
        alphas=jobs.setting("pseudo_masks", "alphas"),
        code=jobs.own_refiner_code("alpha_sweep"),
    message:
        "Scoring the pseudo-masks of {wildcards.dataset}'s first shard at every alpha"
    script:
        "../workflow_scripts/alpha_sweep.py"
