# Datasets -> one index, checked.

for dataset in plan.with_layout("shapes"):

    rule:
        name:
            f"shapes_{dataset.name}"
        output:
            **preparation.drawn(dataset),
        log:
            dataset.paths.log("shapes"),
        benchmark:
            dataset.paths.benchmark("shapes")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("shapes"),
        params:
            train=dataset.entry["train"],
            val=dataset.entry["val"],
            code=jobs.code("shapes"),
        message:
            f"Drawing the generated dataset {dataset.name}"
        script:
            "../workflow_scripts/shapes.py"


rule index:
    input:
        jobs.lists("train", "val"),
    output:
        paths.index(),
    log:
        paths.log("index"),
    benchmark:
        paths.benchmark("index")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("index"),
    params:
        dataset=jobs.source,
        data=jobs.data_of_splits("images", "tags", "masks"),
        code=jobs.code("index"),
    message:
        "Checking every image, mask and tag of {wildcards.dataset}"
    script:
        "../workflow_scripts/index.py"


rule plan:
    output:
        paths.plan,
    log:
        paths.log("plan"),
    benchmark:
        paths.benchmark("plan")
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        settings=jobs.own("planned"),
        code=jobs.code("plan"),
    message:
        "The settings as they hold for {wildcards.dataset}: {output}"
    script:
        "../workflow_scripts/plan.py"
