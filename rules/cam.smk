# Image tags -> classifier -> class activation maps.


rule train_classifier:
    input:
        index=ancient(paths.index()),
        initial=jobs.pretrained("classification"),
    output:
        model=paths.classifier.model,
        curve=paths.classifier.curve,
    log:
        paths.log("train_classifier"),
    benchmark:
        paths.benchmark("train_classifier")
    conda:
        "../envs/urn.yaml"
    threads: 8
    resources:
        **plan.needs("train_classifier", jobs.settings("classification")),
    params:
        settings=jobs.settings("classification", without=CAM_VIEWS + PROCESSES),
        working_size=jobs.working_size,
        seed=config["seed"],
        work=paths.classifier.work,
        data=jobs.data("images", "tags"),
        code=jobs.code("train_classifier"),
    message:
        "Training the classifier of {wildcards.dataset}"
    script:
        "../workflow_scripts/train_classifier.py"


rule cams:
    input:
        index=ancient(paths.index()),
        model=paths.classifier.model,
    output:
        paths.cams(),
    log:
        paths.log("cams_{shard}"),
    benchmark:
        paths.benchmark("cams_{shard}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("cams"),
    params:
        ids=jobs.shard_ids,
        views=jobs.settings("classification", only=CAM_VIEWS),
        data=jobs.data("images", "tags"),
        working_size=jobs.working_size,
        code=jobs.code("cams"),
    message:
        "CAMs of {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/cams.py"
