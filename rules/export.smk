# Models and masks for other programs.


rule bundle:
    input:
        index=ancient(paths.index()),
        model=paths.training().model,
        masks=jobs.scored_predictions,
    output:
        paths.bundle(),
    log:
        paths.log("bundle_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("bundle_{backbone}_{supervision}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("bundle"),
    params:
        prediction=jobs.prediction_settings,
        tags=jobs.data("tags"),
        data=jobs.data("images", "masks", split="val"),
        code=jobs.code("bundle"),
    message:
        "Bundling {wildcards.backbone}/{wildcards.supervision} of {wildcards.dataset}"
    script:
        "../workflow_scripts/bundle.py"


rule mmsegmentation:
    input:
        index=ancient(paths.index()),
        model=paths.training().model,
    output:
        config=paths.mmsegmentation().config,
        checkpoint=paths.mmsegmentation().checkpoint,
    log:
        paths.log("mmsegmentation_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("mmsegmentation_{backbone}_{supervision}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("exports"),
    params:
        resize=jobs.setting("segmentation", "resize"),
        data_root=jobs.file(paths.exported("{teacher}", "voc")),
        code=jobs.code("mmsegmentation"),
    message:
        "{wildcards.backbone}/{wildcards.supervision} of {wildcards.dataset} for mmsegmentation"
    script:
        "../workflow_scripts/mmsegmentation.py"


rule export:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.cyclic_masks()),
        weights=jobs.pngs(paths.weights()),
        corrections=jobs.own("corrections"),
    output:
        directory(paths.exported()),
    log:
        paths.log("export_{backbone}_{kind}"),
    benchmark:
        paths.benchmark("export_{backbone}_{kind}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("exports"),
    params:
        t=plan.threshold,
        rejected=jobs.own("rejected"),
        data=jobs.data_of_splits("images", "masks"),
        code=jobs.code("export"),
    message:
        "The masks of {wildcards.backbone} on {wildcards.dataset} as {wildcards.kind}"
    script:
        "../workflow_scripts/export.py"


rule to_draw:
    input:
        index=ancient(paths.index()),
        images=paths.next_images(),
        masks=jobs.pngs(paths.cyclic_masks()),
        weights=jobs.pngs(paths.weights()),
        corrections=jobs.own("corrections"),
    output:
        paths.exported(kind="{tool}"),
    log:
        paths.log("to_draw_{backbone}_{tool}"),
    benchmark:
        paths.benchmark("to_draw_{backbone}_{tool}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("exports"),
    params:
        data=jobs.data("images"),
        code=jobs.code("to_draw"),
    message:
        "The images of {wildcards.dataset} that are to be drawn next, as {wildcards.tool}"
    script:
        "../workflow_scripts/to_draw.py"
