# Pictures of what happened: sheets of images chosen by a rule, curves, costs.


rule uncertainty_sheet:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
    output:
        report(
            paths.figure("uncertainty"),
            caption="../report/uncertainty.rst",
            category="Pictures",
            labels={"figure": "2 uncertainty beside the errors"},
        ),
    log:
        paths.log("uncertainty_sheet"),
    benchmark:
        paths.benchmark("uncertainty_sheet")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        by="uncertainty",
        data=jobs.data("images", "masks"),
        quantiles=[0.5, 0.75, 0.9, 0.97],
        label=lambda wildcards: "{image}: mean uncertainty {uncertainty:.2f}",
        columns=jobs.of(targets.uncertainty_columns),
        code=jobs.code("image_sheet"),
    message:
        "Drawing the uncertainty of {wildcards.dataset}"
    script:
        "../workflow_scripts/image_sheet.py"


use rule uncertainty_sheet as comparison_sheet with:
    input:
        index=ancient(paths.index()),
        table=paths.table("val_images_{backbone}"),
    output:
        report(
            paths.figure("comparison_{backbone}"),
            caption="../report/comparison.rst",
            category="Pictures",
            labels={"figure": "4 baseline against urn, {backbone}"},
        ),
    log:
        paths.log("comparison_sheet_{backbone}"),
    benchmark:
        paths.benchmark("comparison_sheet_{backbone}")
    params:
        by="change",
        data=jobs.data("images", "masks", split="val"),
        quantiles=[1, 0.95, 0.5, 0.05, 0],
        label=lambda wildcards: "{image}: mIoU of this image {baseline:.1f} → {urn:.1f} ({change:+.1f})",
        columns=jobs.comparison_columns,
        code=jobs.code("image_sheet"),
    message:
        "Drawing the baseline's and urn's predictions on {wildcards.dataset}"


use rule uncertainty_sheet as contact_sheet with:
    output:
        report(
            paths.figure("contact_sheet"),
            caption="../report/contact_sheet.rst",
            category="Pictures",
            labels={"figure": "5 contact sheet of the training images"},
        ),
    log:
        paths.log("contact_sheet"),
    benchmark:
        paths.benchmark("contact_sheet")
    params:
        by="position",
        data=jobs.data("images"),
        quantiles=[n / 23 for n in range(24)],
        tiles=2,
        label="",
        columns=jobs.of(targets.contact_columns),
        code=jobs.code("image_sheet"),
    message:
        "A contact sheet of {wildcards.dataset}"


rule example:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
        model=paths.training().model,
    output:
        paths.example(),
    log:
        paths.log("example_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("example_{backbone}_{supervision}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("figures"),
    params:
        settings=jobs.settings("responses"),
        data=jobs.data("images"),
        resize=jobs.setting("segmentation", "resize"),
        working_size=jobs.working_size,
        code=jobs.code("example"),
    message:
        "The response of {wildcards.backbone}/{wildcards.supervision} to the image of the figures"
    script:
        "../workflow_scripts/example.py"


rule pipeline_figure:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
        cams=jobs.all_cams,
        baseline=jobs.file(paths.example("{teacher}", "baseline")),
        urn=jobs.file(paths.example("{teacher}", "urn")),
    output:
        report(
            paths.figure("pipeline"),
            caption="../report/pipeline.rst",
            category="Pictures",
            labels={"figure": "1 one image through every stage"},
        ),
    log:
        paths.log("pipeline_figure"),
    benchmark:
        paths.benchmark("pipeline_figure")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("figures"),
    params:
        data=jobs.data("images", "tags", "masks"),
        ids=jobs.shards_with_cams,
        masks=jobs.of(targets.pipeline_masks),
        weights=jobs.file(paths.weights("{teacher}")),
        t=plan.threshold,
        working_size=jobs.working_size,
        crf_backend=config["crf_backend"],
        code=jobs.code("pipeline_figure"),
    message:
        "Drawing one image of {wildcards.dataset} through every stage"
    script:
        "../workflow_scripts/pipeline_figure.py"


rule response_scales_figure:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
        baseline=jobs.file(paths.example("{teacher}", "baseline")),
    output:
        report(
            paths.figure("response_scales"),
            caption="../report/response_scales.rst",
            category="Pictures",
            labels={"figure": "3 narrow and wide response scales"},
        ),
    log:
        paths.log("response_scales_figure"),
    benchmark:
        paths.benchmark("response_scales_figure")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("figures"),
    params:
        data=jobs.data("images", "masks"),
        scales=jobs.setting("uncertainty", "scales"),
        working_size=jobs.working_size,
        crf_backend=config["crf_backend"],
        code=jobs.code("response_scales_figure"),
    message:
        "Drawing response scaling on an image of {wildcards.dataset}"
    script:
        "../workflow_scripts/response_scales_figure.py"


rule crf_figure:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
        baseline=jobs.file(paths.example("{teacher}", "baseline")),
    output:
        report(
            paths.figure("crf_parameters"),
            caption="../report/crf_parameters.rst",
            category="Pictures",
            labels={"figure": "6 the parameters of the dense CRF"},
        ),
    log:
        paths.log("crf_figure"),
    benchmark:
        paths.benchmark("crf_figure")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("figures"),
    params:
        data=jobs.data("images"),
        working_size=jobs.working_size,
        crf_backend=config["crf_backend"],
        code=jobs.code("crf_figure"),
    message:
        "Drawing what the CRF's parameters do to an image of {wildcards.dataset}"
    script:
        "../workflow_scripts/crf_figure.py"


rule training_figure:
    input:
        jobs.of(targets.curve_files),
    output:
        report(
            paths.figure("training"),
            caption="../report/training.rst",
            category="Training and cost",
            labels={"figure": "1 losses"},
        ),
    log:
        paths.log("training_figure"),
    benchmark:
        paths.benchmark("training_figure")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        trainings=jobs.of(targets.curve_names),
        code=jobs.code("training_figure"),
    message:
        "Drawing the training curves of {wildcards.dataset}"
    script:
        "../workflow_scripts/training_figure.py"
