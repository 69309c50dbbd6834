# CAMs -> the alpha of every class in every image, where it is to be chosen (`alpha: auto`).

for shard in plan.shards("cuts"):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            cams=plan.dataset(shard.dataset).last_cams(shard.number),
            model=jobs.refiner_model_of(shard),
        output:
            shard.paths.cuts(shard=shard.number),
        log:
            shard.log("cuts_{refiner}"),
        benchmark:
            shard.benchmark("cuts_{refiner}")
        wildcard_constraints:
            refiner=names(REFINERS),
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("cuts"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images"),
            alphas=plan.dataset(shard.dataset).settings("pseudo_masks")["alphas"],
            options=jobs.refiner_options_of(shard),
            working_size=plan.dataset(shard.dataset).working_size,
            crf_backend=config["crf_backend"],
            code=jobs.named_refiner_code("cuts"),
        message:
            f"What masks of every alpha cost on {shard.dataset}'s images, shard {shard.number}"
        script:
            "../workflow_scripts/cuts.py"


rule alpha:
    input:
        index=ancient(paths.index()),
        cuts=jobs.all_cuts,
    output:
        choice=paths.chosen_alphas(),
        table=paths.alphas_considered(),
    log:
        paths.log("alpha_{refiner}"),
    benchmark:
        paths.benchmark("alpha_{refiner}")
    wildcard_constraints:
        refiner=names(REFINERS),
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        steps=jobs.setting("pseudo_masks", "alpha_steps"),
        code=jobs.code("alpha"),
    message:
        "Choosing the alpha of {wildcards.dataset}'s pseudo-masks"
    script:
        "../workflow_scripts/alpha.py"
