# What there is to say of images and tags: before training, after the classifier, and of what to correct.


rule image_facts:
    input:
        index=ancient(jobs.index),
    output:
        paths.image_facts(),
    log:
        paths.log("image_facts_{split}_{shard}"),
    benchmark:
        paths.benchmark("image_facts_{split}_{shard}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("index"),
    params:
        ids=jobs.shard_ids,
        data=jobs.data("images"),
        code=jobs.code("image_facts"),
    message:
        "Looking at the images of {wildcards.dataset} {wildcards.split}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/image_facts.py"


rule check_images:
    input:
        index=ancient(paths.index()),
        facts=jobs.of(check.facts),
    output:
        page=report(paths.check, **check.CHECKED),
        table=paths.table("check"),
    log:
        paths.log("check_images"),
    benchmark:
        paths.benchmark("check_images")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        tags_later=jobs.of(check.has_classifier),
        data=jobs.data_of_splits("tags"),
        code=jobs.code("check"),
    message:
        "What there is to remark of the images and tags of {wildcards.dataset}"
    script:
        "../workflow_scripts/check.py"


rule check:
    input:
        plan.asked.paths.check,
    localrule: True
    message:
        f"{config['dataset']} is checked"


rule tag_scores:
    input:
        index=ancient(jobs.index),
        model=paths.classifier.model,
    output:
        paths.tag_scores(),
    log:
        paths.log("tag_scores_{split}_{shard}"),
    benchmark:
        paths.benchmark("tag_scores_{split}_{shard}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("cams"),
    params:
        ids=jobs.shard_ids,
        settings=jobs.settings("classification", only=["long_side"]),
        data=jobs.data("images"),
        working_size=jobs.working_size,
        code=jobs.code("tag_scores"),
    message:
        "The classifier's scores of {wildcards.dataset} {wildcards.split}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/tag_scores.py"


rule doubted_tags:
    input:
        index=ancient(paths.index()),
        scores=jobs.of(check.scores),
    output:
        page=report(paths.doubted_tags, **check.DOUBTED),
        table=paths.table("doubted_tags"),
    log:
        paths.log("doubted_tags"),
    benchmark:
        paths.benchmark("doubted_tags")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        data=jobs.data_of_splits("tags"),
        code=jobs.code("doubted_tags"),
    message:
        "Tags of {wildcards.dataset} that the classifier contradicts"
    script:
        "../workflow_scripts/doubted_tags.py"


rule next_images:
    input:
        index=ancient(paths.index()),
        weights=jobs.pngs(paths.weights()),
        corrections=jobs.own("corrections"),
    output:
        table=paths.next_images(),
        page=report(paths.next_images_page(), **check.NEXT),
    log:
        paths.log("next_images_{backbone}"),
    benchmark:
        paths.benchmark("next_images_{backbone}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        number=config["next_images"],
        rejected=jobs.own("rejected"),
        data=jobs.data("images", "tags"),
        code=jobs.code("next_images"),
    message:
        "Which images of {wildcards.dataset} to correct first, by {wildcards.backbone}"
    script:
        "../workflow_scripts/next_images.py"
