# CAMs -> labels the CRF is sure of -> AffinityNet: for the refiner `affinity`.

for shard in plan.shards("affinity_labels"):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            cams=plan.dataset(shard.dataset).last_cams(shard.number),
        output:
            shard.pngs(shard.paths.affinity_labels),
        log:
            shard.log(),
        benchmark:
            shard.benchmark()
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("pseudo_masks"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images"),
            alphas=plan.dataset(shard.dataset).settings("affinity")["alphas"],
            working_size=plan.dataset(shard.dataset).working_size,
            crf_backend=config["crf_backend"],
            code=jobs.code("affinity_labels"),
        message:
            f"Labels of {shard.dataset} for AffinityNet, shard {shard.number}"
        script:
            "../workflow_scripts/affinity_labels.py"


rule train_affinity:
    input:
        index=ancient(paths.index()),
        labels=jobs.pngs(paths.affinity_labels),
        initial=jobs.pretrained("affinity"),
    output:
        model=paths.affinity.model,
        curve=paths.affinity.curve,
    log:
        paths.log("train_affinity"),
    benchmark:
        paths.benchmark("train_affinity")
    conda:
        "../envs/urn.yaml"
    threads: 8
    resources:
        **plan.needs("train_classifier", jobs.settings("affinity")),
    params:
        settings=jobs.settings("affinity", without=AFFINITY_USES + PROCESSES),
        working_size=jobs.working_size,
        seed=config["seed"],
        work=paths.affinity.work,
        data=jobs.data("images"),
        code=jobs.code("train_affinity"),
    message:
        "Training AffinityNet on {wildcards.dataset}"
    script:
        "../workflow_scripts/train_affinity.py"
