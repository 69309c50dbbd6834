# How good every stage's masks and the uncertainty are, where the truth is known.


rule cam_quality:
    input:
        index=ancient(paths.index()),
        cams=jobs.all_cams,
    output:
        miou=paths.cam_scores.miou,
        classes=paths.cam_scores.classes,
        thresholds=paths.cam_thresholds,
    log:
        paths.log("cam_quality"),
    benchmark:
        paths.benchmark("cam_quality")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        ids=jobs.shards,
        data=jobs.data("masks"),
        code=jobs.code("cam_quality"),
    message:
        "mIoU of the CAMs of {wildcards.dataset} at every threshold"
    script:
        "../workflow_scripts/cam_quality.py"


rule stages:
    input:
        miou=jobs.of(targets.stage_scores),
        classes=jobs.of(targets.stage_classes),
    output:
        stages=paths.table("stages"),
        classes=paths.table("classes"),
    log:
        paths.log("stages"),
    benchmark:
        paths.benchmark("stages")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        stages=jobs.of(targets.stage_names),
        code=jobs.code("stages"),
    message:
        "The scores of every stage of {wildcards.dataset}"
    script:
        "../workflow_scripts/stages.py"


rule reliability:
    input:
        scores=paths.weight_quality(),
        by_weight=paths.quality_by_weight(),
    output:
        table=paths.table("uncertainty_{backbone}"),
        figure=report(
            paths.figure("reliability_{backbone}"), **figures.RELIABILITY.place
        ),
    log:
        paths.log("reliability_{backbone}"),
    benchmark:
        paths.benchmark("reliability_{backbone}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        t=plan.threshold,
        caption=figures.RELIABILITY.told,
        code=jobs.code("reliability"),
    message:
        "How often the uncertain pixels of {wildcards.dataset} are wrong"
    script:
        "../workflow_scripts/reliability.py"


rule train_images:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.cyclic_masks("{teacher}")),
        weights=jobs.pngs(paths.weights("{teacher}")),
    output:
        paths.table("train_images"),
    log:
        paths.log("train_images"),
    benchmark:
        paths.benchmark("train_images")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        data=jobs.data("masks"),
        code=jobs.code("train_images"),
    message:
        "The uncertainty of every training image of {wildcards.dataset}"
    script:
        "../workflow_scripts/train_images.py"


rule val_images:
    input:
        index=ancient(paths.index()),
        before=jobs.pngs(paths.predictions(supervision="{baseline_row}"), "val"),
        after=jobs.pngs(paths.predictions(supervision="urn"), "val"),
    output:
        paths.table("val_images_{backbone}"),
    log:
        paths.log("val_images_{backbone}"),
    benchmark:
        paths.benchmark("val_images_{backbone}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        data=jobs.data("masks", split="val"),
        code=jobs.code("val_images"),
    message:
        "The scores of every val image of {wildcards.dataset} by {wildcards.backbone}"
    script:
        "../workflow_scripts/val_images.py"
